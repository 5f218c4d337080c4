"""The rotation of the authority that issues for devices: each step, each crash, every way out."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from privyseal.ca.creation import CreateRequest
from privyseal.ca.states import Status
from privyseal.devices.ca_rotation.model import ORDER, TRANSITIONS, Event, State, Step, Until
from privyseal.devices.ca_rotation.orders import StartRequest
from privyseal.devices.ca_rotation.plan import Wishes
from privyseal.devices.identities import IdentityState
from privyseal.errors import ErrorCode, PrivySealError
from tests.ca.parent import Parent
from tests.devices.deployment import ACCOUNT, OPERATOR
from tests.devices.rotations import DeadError, Killed, MortalStore, Process
from tests.stored import State as Stored

LATER = timedelta(minutes=6)  # tokens are forgotten


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rotation.db"


@pytest.fixture
def process(path: Path) -> Iterator[Process]:
    made = Process(path)
    made.register()
    made.enrol("one")
    made.enrol("two")
    yield made
    made.product.close()


def authorities(process: Process) -> list[str]:
    rows, _ = process.product.authorities.authorities.page(OPERATOR, "eu-central-1", None, 100)
    return [str(row.arn) for row, _ in rows]


def states(process: Process, name: str) -> list[IdentityState]:
    found = process.product.store.view(lambda tx: process.product.identities.of_device(tx, ACCOUNT, name))
    return [each.state for each in found]


def issued_by(process: Process, arn: str) -> list[x509.Certificate]:
    found, _ = process.product.authorities.reader.page(OPERATOR, arn, None, 1000)
    return [x509.load_der_x509_certificate(each.der) for each in found]


def refused(code: ErrorCode) -> "pytest.RaisesExc[PrivySealError]":
    return pytest.raises(PrivySealError, check=lambda error: error.code is code)


def test_it_goes_through_every_step_and_pauses_before_what_cannot_be_undone(process: Process) -> None:
    begun = process.start(Until.SWITCHED)
    paused = process.run(begun.rotation.id)
    assert paused.rotation.state is State.PAUSED
    assert [each.step for each in paused.done] == [Step.CREATE, Step.CERTIFY, Step.REGISTER, Step.SWITCH]
    assert (paused.devices_over, paused.devices_waiting) == (0, 2)
    new = str(paused.rotation.new)
    assert process.issuing() == new
    assert process.environment == new
    process.advance(LATER.total_seconds())
    assert process.enrol("one").arn.startswith(f"{new}/certificate/")
    seen = process.rotating.show(OPERATOR, begun.rotation.id)
    assert (seen.devices_over, seen.devices_waiting) == (1, 1)

    process.rotating.resume(OPERATOR, begun.rotation.id, Until.COMPLETED)
    done = process.run(begun.rotation.id)
    assert done.rotation.state is State.COMPLETED
    assert tuple(each.step for each in done.done) == ORDER
    assert states(process, "one") == [IdentityState.ACTIVE, IdentityState.WITHDRAWING]
    assert states(process, "two") == [IdentityState.WITHDRAWING]
    old, _ = process.product.authorities.authorities.describe(OPERATOR, process.configured)
    assert old.status is Status.DISABLED
    assert process.enrol("two").arn.startswith(f"{new}/certificate/")
    assert process.rotating.show(OPERATOR, begun.rotation.id).devices_over == 2


def test_the_new_authority_is_as_the_old_one_and_every_registrar_is_told_with_proof(process: Process) -> None:
    paused = process.run(process.start(Until.SWITCHED).rotation.id)
    describe = process.product.authorities.authorities.describe
    (old, _), (new, _) = (describe(OPERATOR, arn) for arn in (process.configured, str(paused.rotation.new)))
    assert new.subject == {"CommonName": "Issuing G2"}
    assert (new.key_algorithm, new.signing_algorithm) == (old.key_algorithm, old.signing_algorithm)
    assert (new.revocation, new.usage_mode) == (old.revocation, old.usage_mode)
    assert old.certificate
    assert new.certificate
    assert old.public_key != new.public_key
    first, second = (x509.load_der_x509_certificate(each.certificate or b"") for each in (old, new))
    assert first.issuer == second.issuer
    assert abs((second.not_valid_after_utc - first.not_valid_after_utc).total_seconds()) < 2 * 86400
    constraints = second.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    for name, registrar in process.registrars.items():
        ((arn, proof),) = registrar.trusted
        assert arn == paused.rotation.new
        proven = x509.load_pem_x509_certificate(proof.encode())
        assert proven.subject.rfc4514_string() == f"CN=code of {name}"
        proven.verify_directly_issued_by(second)


def test_what_is_said_otherwise_is_otherwise(process: Process) -> None:
    wishes = Wishes("Another", "EC_secp384r1", None, 90)
    paused = process.run(process.start(Until.SWITCHED, wishes).rotation.id)
    new, _ = process.product.authorities.authorities.describe(OPERATOR, str(paused.rotation.new))
    assert new.subject == {"CommonName": "Another"}
    assert (new.key_algorithm, new.signing_algorithm) == ("EC_secp384r1", "SHA384WITHECDSA")
    assert new.not_before
    assert new.not_after
    assert round((new.not_after - new.not_before) / timedelta(days=1)) == 90


def test_a_dry_run_says_what_would_be_and_changes_nothing(process: Process, path: Path) -> None:
    stored = Stored(path)
    before = stored.contents()
    request = StartRequest(OPERATOR, Wishes(), "SUPERSEDED", Until.COMPLETED)
    preview = process.rotating.preview(request)
    assert stored.contents() == before
    stored.close()
    assert (preview.devices, preview.certificates) == (2, 2)
    assert preview.plan.subject == {"CommonName": "Issuing G2"}
    assert preview.registrars == ["here", "there"]


@pytest.mark.parametrize("tokens", ["that live", "that are forgotten"])
@pytest.mark.parametrize("step", ORDER)
def test_killed_after_any_step_and_before_its_record_it_ends_the_same(
    path: Path, step: Step, tokens: str
) -> None:
    """Nothing is there twice: another process does the step again, and finds what the first one left."""
    first = Process(path)
    first.register()
    first.enrol("one")
    begun = first.start()
    first.acts.kill_at = step
    with pytest.raises(Killed):
        first.run(begun.rotation.id)
    at = first.product.clock.now()
    first.product.store.close()
    _goes_on(
        path,
        first.configured,
        begun.rotation.id,
        at + (LATER if tokens == "that are forgotten" else timedelta(0)),
    )


@pytest.mark.parametrize("when", ["before it counts", "after it and before anybody knows"])
def test_killed_at_any_commit_it_ends_the_same(tmp_path: Path, when: str) -> None:
    """Of all that are made from the order to the end, whoever makes them."""
    for commits in range(100):
        path = tmp_path / f"{commits}.db"
        first = Process(path, store=MortalStore)
        first.register()
        first.enrol("one")
        begun = first.start()
        store = first.product.store
        assert isinstance(store, MortalStore)
        store.commits_first = when.startswith("after")
        store.commits_left = commits
        try:
            ended = first.run(begun.rotation.id)
        except DeadError:
            ended = None
        at = first.product.clock.now()
        store.close()
        if ended is not None:
            assert ended.rotation.state is State.COMPLETED
            assert commits > 2 * len(ORDER)  # acts and records
            return
        _goes_on(path, first.configured, begun.rotation.id, at + LATER)
    raise AssertionError("it has no end")


def _goes_on(path: Path, configured: str, rotation_id: str, at: datetime) -> None:
    """Another process, later: it comes to the only end that there is."""
    second = Process(path, configured)
    second.product.clock.advance(at - second.product.clock.now())
    done = second.run(rotation_id)
    assert done.rotation.state is State.COMPLETED
    assert tuple(each.step for each in done.done) == ORDER
    new = str(done.rotation.new)
    assert second.issuing() == new
    assert len(authorities(second)) == 3  # the root, the old one, the new one
    root = next(arn for arn in authorities(second) if arn not in {configured, new})
    names = [each.subject.rfc4514_string() for each in issued_by(second, root)]
    assert sorted(names) == ["CN=Issuing", "CN=Issuing G2", "CN=Root"]
    assert states(second, "one") == [IdentityState.WITHDRAWING]
    revoked = [each for each in second.product.journal() if each["action"] == "acm-pca:RevokeCertificate"]
    assert len(revoked) == 2  # the old authority's, and the device's
    assert second.enrol("one").arn.startswith(f"{new}/certificate/")
    second.product.close()


def test_two_processes_that_work_at_it_at_once_make_one_rotation(process: Process, path: Path) -> None:
    other = Process(path, process.configured)
    begun = process.start()
    for _ in ORDER:
        rotation = process.rotating.show(OPERATOR, begun.rotation.id).rotation
        if rotation.state is not State.RUNNING or rotation.step is Step.CASCADE:
            break
        other.work.advance(rotation)
        process.work.advance(rotation)  # with what it has read before the other one was done
    assert process.run(begun.rotation.id).rotation.state is State.COMPLETED
    assert len(authorities(process)) == 3
    other.product.store.close()


def test_a_registrar_that_fails_is_asked_again_later(process: Process) -> None:
    process.registrars["there"].fail = ErrorCode.UNAVAILABLE
    begun = process.start(Until.SWITCHED)
    with pytest.raises(AssertionError):
        process.run(begun.rotation.id)
    seen = process.rotating.show(OPERATOR, begun.rotation.id).rotation
    assert (seen.step, seen.failure) == (Step.REGISTER, "what the operator should know")
    assert process.issuing() == process.configured
    process.registrars["there"].fail = None
    process.rotating.resume(OPERATOR, begun.rotation.id, Until.SWITCHED)
    assert process.run(begun.rotation.id).rotation.state is State.PAUSED


@pytest.mark.parametrize("until", [Until.REGISTERED, Until.SWITCHED])
def test_until_the_old_one_is_revoked_it_can_be_given_up(process: Process, until: Until) -> None:
    """Then the old one issues, and another rotation can begin."""
    paused = process.run(process.start(until).rotation.id)
    given_up = process.rotating.abort(OPERATOR, paused.rotation.id)
    assert given_up.rotation.state is State.ABORTING
    assert process.issuing() == process.configured
    assert process.run(paused.rotation.id).rotation.state is State.ABORTED
    process.advance(LATER.total_seconds())
    assert process.enrol("one").arn.startswith(f"{process.configured}/certificate/")
    with refused(ErrorCode.INVALID_STATE):
        process.rotating.resume(OPERATOR, paused.rotation.id, Until.COMPLETED)
    assert process.run(process.start().rotation.id).rotation.state is State.COMPLETED


def test_given_up_before_the_switch_is_noted_the_old_one_is_who_issues(process: Process) -> None:
    rotation = process.run(process.start(Until.REGISTERED).rotation.id).rotation
    process.rotating.resume(OPERATOR, rotation.id, Until.SWITCHED)

    def meanwhile() -> None:
        """What other processes do."""
        process.work.work(threading.Event())
        process.rotating.abort(OPERATOR, rotation.id)

    process.before_note = meanwhile
    assert process.run(rotation.id).rotation.state is State.ABORTED
    assert process.environment == process.issuing() == process.configured


def noted(path: Path, configured: str) -> str:
    """Who issues in a process that has `configured` noted."""
    other = Process(path, configured)
    with closing(other.product):
        return other.issuing()


def test_whoever_still_has_the_new_one_noted_comes_back_to_the_old_one(process: Process, path: Path) -> None:
    """As after a crash between the end of a rotation that is given up and its note."""
    rotation = process.run(process.start(Until.SWITCHED).rotation.id).rotation
    process.rotating.abort(OPERATOR, rotation.id)
    assert noted(path, str(rotation.new)) == process.configured
    process.run(rotation.id)
    second = process.run(process.start().rotation.id).rotation
    assert noted(path, str(rotation.new)) == second.new


def test_what_is_revoked_cannot_be_given_up(process: Process) -> None:
    done = process.run(process.start().rotation.id)
    with refused(ErrorCode.INVALID_STATE):
        process.rotating.abort(OPERATOR, done.rotation.id)


def test_there_is_one_at_a_time_and_none_without_an_authority_of_ours(process: Process) -> None:
    process.start()
    with refused(ErrorCode.IN_PROGRESS):
        process.start()


def test_a_second_rotation_goes_on_from_the_first(process: Process) -> None:
    first = process.run(process.start().rotation.id).rotation
    second = process.run(process.start().rotation.id).rotation
    assert str(second.old) == first.new
    assert second.plan.subject == {"CommonName": "Issuing G3"}
    assert process.issuing() == second.new


def test_a_retry_after_the_cascade_gets_a_certificate_that_works(process: Process) -> None:
    """The same CSR within five minutes would else get what has been revoked meanwhile."""
    done = process.run(process.start().rotation.id)
    process.product.clock.advance(timedelta(seconds=1))
    assert process.enrol("one").arn.startswith(f"{done.rotation.new}/certificate/")


def test_an_offline_root_is_waited_for_twice(process: Process) -> None:
    """Once for the new authority's certificate, and once until it has revoked the old one's."""
    ca = process.product.authorities
    root = Parent(process.product.clock.now())
    offline = _below_elsewhere(process, root)
    process.configured = offline
    begun = process.start()
    waiting = process.run(begun.rotation.id)
    assert (waiting.rotation.state, waiting.rotation.step) == (State.WAITING, Step.CERTIFY)
    assert waiting.csr is not None
    with refused(ErrorCode.MALFORMED_CERTIFICATE):
        process.rotating.resume(OPERATOR, begun.rotation.id, Until.COMPLETED, certificate=b"none")
    signed = root.certify(waiting.csr.encode())
    process.rotating.resume(OPERATOR, begun.rotation.id, Until.COMPLETED, certificate=signed, chain=root.pem)
    waiting = process.run(begun.rotation.id)
    assert (waiting.rotation.state, waiting.rotation.step) == (State.WAITING, Step.REVOKE)
    assert process.issuing() == waiting.rotation.new
    process.rotating.resume(OPERATOR, begun.rotation.id, Until.COMPLETED, revoked_elsewhere=True)
    assert process.run(begun.rotation.id).rotation.state is State.COMPLETED
    assert ca.authorities.describe(OPERATOR, offline)[1] is Status.DISABLED


def _below_elsewhere(process: Process, root: Parent) -> str:
    ca = process.product.authorities
    request = CreateRequest(
        OPERATOR,
        "eu-central-1",
        "SUBORDINATE",
        "EC_prime256v1",
        "SHA256WITHECDSA",
        {"CommonName": "Offline Issuing"},
    )
    arn = str(ca.creation.create(request))
    ca.certification.install(
        OPERATOR, arn, root.certify(ca.authorities.csr(OPERATOR, arn).encode()), root.pem
    )
    return arn


def test_no_state_is_left_after_the_end() -> None:
    ends = {state for state in State if not any(before is state for before, _ in TRANSITIONS)}
    assert ends == {State.COMPLETED, State.ABORTED}
    assert {event for _, event in TRANSITIONS} == set(Event)
