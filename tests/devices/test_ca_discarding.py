"""What becomes of the new authority when a rotation is given up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from privyseal.ca.requests import IssueRequest
from privyseal.ca.states import Status
from privyseal.devices.ca_rotation.model import State, Step, Until
from privyseal.devices.ca_rotation.orders import Progress
from privyseal.errors import ErrorCode
from privyseal.x509.pem import to_pem
from privyseal.x509.validity import DAYS
from tests.devices.deployment import OPERATOR, REGION
from tests.devices.requests import csr
from tests.devices.rotations import KEYS, DeadError, Killed, MortalStore, Process


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path / "rotation.db")
    made.register()
    made.enrol("one")
    yield made
    made.product.close()


def given_up(process: Process, until: Until) -> Progress:
    paused = process.run(process.start(until).rotation.id)
    process.rotating.abort(OPERATOR, paused.rotation.id)
    return process.run(paused.rotation.id)


def status(process: Process, arn: str | None) -> Status:
    return process.product.authorities.authorities.describe(OPERATOR, str(arn))[1]


def said(found: Progress) -> str:
    assert found.done[-1].step is Step.DISCARD
    return found.done[-1].detail


def issue(process: Process, arn: str) -> None:
    name = "somebody"
    process.product.authorities.issue_now(
        IssueRequest(OPERATOR, arn, csr(KEYS["one"], name), "SHA256WITHECDSA", (DAYS, 30))
    )


def test_one_that_nobody_uses_is_forgotten_everywhere_disabled_and_deleted(process: Process) -> None:
    found = given_up(process, Until.REGISTERED)
    new = str(found.rotation.new)
    assert (found.rotation.state, status(process, new)) == (State.ABORTED, Status.DELETED)
    assert said(found) == f"{new} is disabled and deleted; it can be restored until 2026-12-21."
    authority, _ = process.product.authorities.authorities.describe(OPERATOR, new)
    certificate = to_pem(authority.certificate or b"")
    assert [each.distrusted for each in process.registrars.values()] == [[certificate]] * 2
    told = [(each["action"], each["principal"]) for each in process.product.journal()[-3:]]
    assert told == [
        ("acm-pca:UpdateCertificateAuthority", OPERATOR.principal),
        ("acm-pca:DeleteCertificateAuthority", OPERATOR.principal),
        ("privyseal:RotateCa", OPERATOR.principal),
    ]
    process.product.authorities.authorities.restore(OPERATOR, new)
    assert status(process, new) is Status.DISABLED


def test_one_that_was_made_and_not_certified_is_deleted(process: Process) -> None:
    rotation = process.start(Until.REGISTERED).rotation
    process.work.advance(rotation)
    process.rotating.abort(OPERATOR, rotation.id)
    found = process.run(rotation.id)
    assert status(process, found.rotation.new) is Status.DELETED
    assert [each.distrusted for each in process.registrars.values()] == [[], []]


def test_one_that_was_made_and_not_noted_is_found_and_deleted(process: Process) -> None:
    """Whoever made it died, and the rotation was given up before anybody did the step again."""
    rotation = process.start(Until.REGISTERED).rotation
    process.acts.kill_at = Step.CREATE
    with pytest.raises(Killed):
        process.work.advance(rotation)
    process.acts.kill_at = None
    process.rotating.abort(OPERATOR, rotation.id)
    assert status(process, process.run(rotation.id).rotation.new) is Status.DELETED


def test_what_is_made_while_it_is_given_up_is_found_and_deleted(process: Process) -> None:
    rotation = process.start(Until.REGISTERED).rotation
    process.rotating.abort(OPERATOR, rotation.id)
    process.work.advance(rotation)  # with what it has read before
    found = process.run(rotation.id)
    assert (found.rotation.state, status(process, found.rotation.new)) == (State.ABORTED, Status.DELETED)


def test_where_nothing_had_been_made_nothing_is_put_away(process: Process) -> None:
    rotation = process.start(Until.REGISTERED).rotation
    process.rotating.abort(OPERATOR, rotation.id)
    found = process.run(rotation.id)
    assert (found.rotation.new, said(found)) == (None, "Nothing had been made.")
    assert len(process.product.authorities.authorities.page(OPERATOR, REGION, None, 9)[0]) == 2


def test_after_the_switch_it_stays_for_the_devices_that_have_its_certificates(process: Process) -> None:
    found = given_up(process, Until.SWITCHED)
    assert status(process, found.rotation.new) is Status.ACTIVE
    assert "stays, for the devices that have its certificates" in said(found)
    assert "--status DISABLED" in said(found)
    assert [each.distrusted for each in process.registrars.values()] == [[], []]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_one_that_has_issued_anything_else_stays(process: Process, when: str) -> None:
    """Its CRLs and OCSP answers are needed."""
    rotation = process.run(process.start(Until.REGISTERED).rotation.id).rotation
    new = str(rotation.new)
    if when == "before":
        issue(process, new)
    else:
        process.registrars["there"].when_asked = lambda: issue(process, new)
    process.rotating.abort(OPERATOR, rotation.id)
    found = process.run(rotation.id)
    assert (found.rotation.state, status(process, new)) == (State.ABORTED, Status.ACTIVE)
    assert f"stays, since it has issued {new}/certificate/" in said(found)


def test_a_registrar_that_fails_is_asked_again_and_does_not_keep_it_for_ever(process: Process) -> None:
    rotation = process.run(process.start(Until.REGISTERED).rotation.id).rotation
    process.registrars["there"].fail = ErrorCode.FAILED
    asked: list[int] = []
    process.registrars["there"].when_asked = lambda: asked.append(1)
    process.rotating.abort(OPERATOR, rotation.id)
    process.work.advance(process.rotating.show(OPERATOR, rotation.id).rotation)
    seen = process.rotating.show(OPERATOR, rotation.id).rotation
    assert (seen.state, seen.failure) == (
        State.ABORTING,
        "there may still know it: what the operator should know",
    )
    assert status(process, rotation.new) is Status.ACTIVE
    found = process.run(rotation.id)
    assert (found.rotation.state, status(process, rotation.new)) == (State.ABORTED, Status.DELETED)
    assert said(found).endswith(" there may still know it: what the operator should know")
    assert len(asked) == 6


def test_one_that_the_operator_has_deleted_meanwhile_is_left_alone(process: Process) -> None:
    rotation = process.run(process.start(Until.REGISTERED).rotation.id).rotation
    authorities, new = process.product.authorities.authorities, str(rotation.new)
    authorities.update(OPERATOR, new, "DISABLED", None)
    authorities.delete(OPERATOR, new, 7)
    process.rotating.abort(OPERATOR, rotation.id)
    assert said(process.run(rotation.id)) == f"{new} is deleted."


@pytest.mark.parametrize("when", ["before it counts", "after it and before anybody knows"])
def test_killed_at_any_commit_it_is_put_away_once(tmp_path: Path, when: str) -> None:
    for commits in range(10):
        path = tmp_path / f"{commits}.db"
        first = Process(path, store=MortalStore)
        rotation = first.run(first.start(Until.REGISTERED).rotation.id).rotation
        first.rotating.abort(OPERATOR, rotation.id)
        store = first.product.store
        assert isinstance(store, MortalStore)
        store.commits_first = when.startswith("after")
        store.commits_left = commits
        try:
            ended = first.run(rotation.id).rotation.state
        except DeadError:
            ended = None
        store.close()
        second = Process(path, first.configured)
        second.product.clock.advance(first.product.clock.now() - second.product.clock.now())
        assert second.run(rotation.id).rotation.state is State.ABORTED
        assert status(second, rotation.new) is Status.DELETED
        told = [each["action"] for each in second.product.journal()]
        assert told.count("acm-pca:DeleteCertificateAuthority") == 1
        second.product.close()
        if ended is not None:
            assert (ended, commits) == (State.ABORTED, 2)
            return
    raise AssertionError("it has no end")
