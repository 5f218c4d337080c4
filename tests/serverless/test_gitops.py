"""Runs over the files of GitOps: the plan says exactly what is done, and doing it again does nothing."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.model import State
from privyseal.serverless.gitops.plan import Action
from privyseal.serverless.refusals import ALREADY_ISSUED, KEY_REUSED
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import ACCOUNT, CALLER, NOW, World
from tests.serverless.pulling import Pulling, entry, folder
from tests.serverless.world import ADMIN, Function, coded, csr


@pytest.fixture(name="pulling")
def pulling_fixture(function: Function) -> Pulling:
    return Pulling(function)


def actions(pulling: Pulling) -> list[tuple[str, str]]:
    return [(step.action.value, step.common_name) for step in pulling.plan().steps]


def test_entries_are_issued_and_a_second_run_does_nothing(pulling: Pulling) -> None:
    pulling.write(*folder("a.example.com", "b.example.com"))
    assert actions(pulling) == [("issue", "a.example.com"), ("issue", "b.example.com")]
    progress, steps = pulling.apply()
    assert progress.run.state is State.SUCCEEDED
    assert progress.done["issue"] == 2
    assert all(each.serial for each in steps)
    assert pulling.issued() == 2
    assert not pulling.plan().changes
    again, steps = pulling.apply()
    assert again.done["leave"] == 2
    assert {each.detail for each in steps} == {ALREADY_ISSUED}
    assert pulling.issued() == 2


def test_another_csr_renews(pulling: Pulling) -> None:
    pulling.write(*folder("a.example.com"))
    pulling.apply()
    pulling.write(*folder("a.example.com"))
    assert actions(pulling) == [("renew", "a.example.com")]
    progress, _ = pulling.apply()
    assert progress.done["renew"] == 1


def test_a_bad_entry_stops_no_other(pulling: Pulling) -> None:
    entries, csrs = folder("a.example.com", "b.example.com")
    entries[1:1] = [
        {"csr_file": "a.example.com.csr"},
        entry("missing.example.com"),
        "nonsense",  # type: ignore[list-item]
        entry("broken.example.com"),
        entry("short.example.com", lifetime=0),
    ]
    csrs |= {"broken.example.com.csr": b"no CSR", "short.example.com.csr": csr("short.example.com")}
    pulling.write(entries, csrs)
    progress, steps = pulling.apply()
    assert progress.done["issue"] == 2
    assert progress.done["refuse"] == 5
    told = {each.step.number: each.detail for each in steps if each.outcome is Action.REFUSE}
    assert told[3] == "CSR file 'missing.example.com.csr' not found in S3 bucket 'csr-bucket'"
    assert told[4] == "an entry must be a JSON object"
    assert told[6] == "0 is too short"


def test_the_plan_stands_in_the_order_of_the_files_and_says_what_is_not_as_asked(pulling: Pulling) -> None:
    entries = [
        "nonsense",
        entry("a.example.com", sans=["bad name", "a.example.com"], lifetime=1e300),
        entry("b.example.com"),
    ]
    pulling.write(
        entries, {f"{name}.example.com.csr": csr(f"{name}.example.com") for name in "ab"}, revoked=[5]
    )
    planned = pulling.plan().steps
    assert [(each.file, each.number) for each in planned] == [
        ("revoked.json", 1),
        ("tls.json", 1),
        ("tls.json", 2),
        ("tls.json", 3),
    ]
    missing = (
        "not as asked: lifetime 1e+300: the longest here is 365 days; "
        "subject alternative name DNS_NAME 'bad name'"
    )
    assert planned[2].reason == f"the name has no certificate yet; {missing}"
    assert planned[3].reason == "the name has no certificate yet"
    _, steps = pulling.apply()
    assert [each.outcome for each in steps] == [each.action for each in planned]
    assert [each.detail for each in steps][2:] == [missing, ""]


def test_a_key_has_one_certificate(pulling: Pulling) -> None:
    """Over all names, within one folder too; the same name and key is simply done."""
    request = csr("a.example.com")
    entries = [
        entry("a.example.com", "k.csr"),
        entry("b.example.com", "k.csr"),
        entry("a.example.com", "k.csr"),
    ]
    pulling.write(entries, {"k.csr": request})
    found = [(step.action, step.reason) for step in pulling.plan().steps]
    assert found[1:] == [(Action.REFUSE, KEY_REUSED), (Action.LEAVE, ALREADY_ISSUED)]
    _, steps = pulling.apply()
    assert [(each.outcome, each.detail) for each in steps][1:] == found[1:]


def test_in_compatible_mode_a_key_has_one_for_each_name(pulling: Pulling) -> None:
    pulling.function.terms = replace(pulling.function.terms, key_reuse="compatible")
    entries = [entry("a.example.com", "k.csr"), entry("b.example.com", "k.csr")]
    pulling.write(entries, {"k.csr": csr("a.example.com")})
    progress, _ = pulling.apply()
    assert progress.done["issue"] == 2


def test_a_forced_entry_is_issued_once(pulling: Pulling) -> None:
    """In serverless-ca every run issues it again."""
    request = csr("a.example.com")
    pulling.function.ask("other.example.com", base64_csr_data=coded(request))
    pulling.write([entry("a.example.com", "k.csr", force_issue=True)], {"k.csr": request})
    progress, _ = pulling.apply()
    assert progress.done["issue"] == 1
    assert not pulling.plan().changes


def test_certificates_are_revoked_and_unknown_ones_are_skipped(pulling: Pulling) -> None:
    pulling.write(*folder("a.example.com"))
    _, (step,) = pulling.apply()
    lists = [
        {"common_name": "a.example.com", "serial_number": str(step.serial), "reason": "KEY_COMPROMISE"},
        {"common_name": "a.example.com", "serial_number": "123"},
        {"common_name": "b.example.com", "serial_number": str(step.serial)},
        {"common_name": "a.example.com", "serial_number": step.serial},
        {"common_name": "a.example.com", "serial_number": "1", "reason": 5},
    ]
    pulling.write([], {}, revoked=lists)
    planned = [each.action for each in pulling.plan().steps]
    assert planned == [Action.REVOKE, Action.SKIP, Action.SKIP, Action.LEAVE, Action.REFUSE]
    _, steps = pulling.apply()
    assert [each.outcome for each in steps] == planned
    again = [each.action for each in pulling.plan().steps]
    assert again == [Action.LEAVE, Action.SKIP, Action.SKIP, Action.LEAVE, Action.REFUSE]
    world = pulling.function.world
    rows, _ = world.ca.reader.page(CALLER, pulling.function.issuing, None, 10)
    assert [each.revocation_reason for each in rows] == ["KEY_COMPROMISE"]


def test_the_root_list_names_the_issuing_authority_by_its_slug(pulling: Pulling) -> None:
    world, function = pulling.function.world, pulling.function
    serial = next(
        each.serial
        for each in world.ca.reader.page(CALLER, function.root, None, 10)[0]
        if "Below" in each.subject
    )
    asked = {"common_name": "serverless-issuing-ca-dev", "serial_number": str(serial)}
    pulling.write(
        [], {}, revoked_root_ca=[asked, {"common_name": "x", "serial_number": "9"}], revoked=[asked]
    )
    assert [each.action for each in pulling.plan().steps] == [Action.REVOKE, Action.SKIP, Action.SKIP]
    progress, _ = pulling.apply()
    assert progress.done["revoke"] == 1


def test_csr_files_of_a_run_can_be_invoked_by_name(pulling: Pulling) -> None:
    """As they are in serverless-ca's internal bucket."""
    entries, csrs = folder("a.example.com")
    pulling.write(entries, {**csrs, "more.csr": csr("more.example.com")})
    pulling.apply()
    answer = pulling.certificates.request(ADMIN, entry("more.example.com", "more.csr"))
    assert answer["CertificateInfo"]["CommonName"] == "more.example.com"


def test_subjects_of_entries_are_known(pulling: Pulling) -> None:
    """Same common name, and the organization where both have one."""
    entries = [entry("a.example.com", organization="Example, Inc.")]
    pulling.write(entries, {"a.example.com.csr": csr("a.example.com")})
    pulling.apply()
    known = pulling.certificates._known
    found = pulling.function.world.store.view(
        lambda tx: [
            known.matches(tx, "a.example.com", organization, "")
            for organization in ("Example, Inc.", "", "Other")
        ]
    )
    assert found == [True, True, False]


def test_a_run_has_a_name_that_is_used_once(pulling: Pulling) -> None:
    """AWS Step Functions: idempotent while it runs."""
    pulling.write(*folder("a.example.com"))
    first = pulling.start("nightly")
    assert pulling.start("nightly") == first
    with pytest.raises(PrivySealError) as caught:
        pulling.ordering.start(ADMIN, "nightly", '{"other": 1}')
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    pulling.work()
    with pytest.raises(PrivySealError):
        pulling.start("nightly")
    with pytest.raises(PrivySealError):
        pulling.start("a b")
    assert pulling.woken == 2


def test_a_source_that_is_away_is_asked_again(pulling: Pulling) -> None:
    pulling.write(*folder("a.example.com"))
    away = PrivySealError(ErrorCode.UNAVAILABLE, "away")
    pulling.checkout.errors = [away, away]
    run_id = pulling.start()
    for _ in range(3):
        pulling.work()
        pulling.function.world.clock.advance(timedelta(seconds=60))
    assert pulling.shown(run_id)[0].run.state is State.SUCCEEDED


def test_a_source_that_stays_away_fails_the_run_and_not_the_next(pulling: Pulling) -> None:
    pulling.write(*folder("a.example.com"))
    pulling.checkout.errors = [PrivySealError(ErrorCode.UNAVAILABLE, "away")] * 5
    first = pulling.start()
    pulling.function.world.clock.advance(timedelta(seconds=1))
    second = pulling.start()
    for _ in range(6):
        pulling.work()
        pulling.function.world.clock.advance(timedelta(seconds=600))
    assert pulling.shown(first)[0].run.problem == "away"
    assert pulling.shown(first)[0].run.state is State.FAILED
    assert pulling.shown(second)[0].run.state is State.SUCCEEDED


@pytest.mark.parametrize(
    "error", [PrivySealError(ErrorCode.ACCESS_DENIED, "not signed"), RuntimeError("defect")]
)
def test_files_that_must_not_be_used_fail_the_run_at_once(pulling: Pulling, error: Exception) -> None:
    pulling.write(*folder("a.example.com"))
    pulling.checkout.errors = [error]
    progress, steps = pulling.apply()
    assert progress.run.state is State.FAILED
    assert not steps
    assert pulling.issued() == 0


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", range(12))
def test_a_run_that_was_killed_goes_on_to_the_same_end(pulling: Pulling, after: int) -> None:
    """Whichever commit is the last one: before it, or behind it; and however long it takes until then."""
    entries, csrs = folder("a.example.com", "b.example.com", "c.example.com")
    entries[2]["force_issue"] = True
    pulling.write(entries, csrs)
    run_id = pulling.start()
    store = pulling.function.world.store
    transact, count = store.transact, 0

    def dying(write: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise Killed
        return transact(write)

    store.transact = dying  # type: ignore[method-assign]
    try:
        pulling.work()
    except Killed:
        pass
    finally:
        store.transact = transact  # type: ignore[method-assign]
    pulling.function.world.clock.advance(timedelta(minutes=10 * (after % 2), seconds=61))
    pulling.work()
    progress, steps = pulling.shown(run_id)
    assert progress.run.state is State.SUCCEEDED
    assert [each.outcome for each in steps] == [Action.ISSUE] * 3
    assert len({each.serial for each in steps}) == 3
    assert pulling.issued() == 3
    assert not pulling.plan().changes


KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
NAMES = ["a.example.com", "b.example.com", "c", "Example, Inc."]
ODD_NAMES = ["x", "90"]  # of `odd`, what a certificate can be called
csr_files = {f"{index}.csr": csr(name, key=KEYS[index]) for index, name in enumerate(NAMES)}
FILES = {**csr_files, "bad.csr": b"-----BEGIN", "noname.csr": csr("", key=KEYS[0])}
odd: st.SearchStrategy[Any] = st.sampled_from([None, "", "x", 0, -1, 1.5, True, [], {}, "90", 10**6])
good_entries = st.fixed_dictionaries(
    {"common_name": st.sampled_from(NAMES), "csr_file": st.sampled_from(list(csr_files))},
    optional={"force_issue": st.just(True), "lifetime": st.sampled_from([1, 30, 400])},
)
KNOWN = (
    "common_name csr_file base64_csr_data lifetime purposes extended_key_usages sans country force_issue "
    "extensions notify_issued cert_bundle ca_chain_only passphrase"
)
odd_entries = st.dictionaries(st.sampled_from(KNOWN.split()), odd, max_size=4)
mixed = st.tuples(good_entries, odd_entries).map(lambda both: {**both[0], **both[1]})
missing = st.sampled_from(["gone.csr", "bad.csr", "noname.csr", "../tls.json"]).map(
    lambda f: entry("a.example.com", f)
)
entries_strategy = st.lists(good_entries | mixed | missing | odd, max_size=7)


@pytest.fixture(name="fresh")
def fresh_fixture() -> Iterator[Any]:
    """Makes GitOps over a store of its own, for each example."""
    made: list[tuple[World, SqliteStore]] = []

    def make() -> Pulling:
        clock = FixedClock(NOW)
        store = SqliteStore(MEMORY, clock)
        store.migrate()
        world = World(store, clock)
        made.append((world, store))
        return Pulling(Function(world))

    yield make
    for world, store in made:
        world.ca.close()
        store.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=entries_strategy,
    second=entries_strategy,
    seed=st.integers(0, 2**16),
    compatible=st.booleans(),
)
def test_the_plan_is_what_apply_then_does(
    fresh: Any, first: list[Any], second: list[Any], seed: int, *, compatible: bool
) -> None:
    """Random folders, one after the other: every step has the outcome that the plan has said, the number of
    certificates is as planned, and afterwards there is nothing left to do.
    """
    pulling: Pulling = fresh()
    if compatible:
        pulling.function.terms = replace(pulling.function.terms, key_reuse="compatible")
    chance = random.Random(seed)
    for entries in (first, second):
        pulling.write(entries, FILES, revoked=_revocations(pulling, chance))
        before, plan = pulling.issued(), pulling.plan()
        progress, steps = pulling.apply()
        assert progress.run.state is State.SUCCEEDED
        assert [(each.step, each.outcome) for each in steps] == [(each, each.action) for each in plan.steps]
        assert [each.detail for each in steps if each.outcome is Action.REFUSE] == [
            each.reason for each in plan.steps if each.action is Action.REFUSE
        ]
        counts = plan.counts()
        assert pulling.issued() - before == counts["issue"] + counts["renew"]
        assert not pulling.plan().changes


def _revocations(pulling: Pulling, chance: random.Random) -> list[Any]:
    rows, _ = pulling.function.world.ca.reader.page(CALLER, pulling.function.issuing, None, 100)
    issued = [
        row
        for name in [*NAMES, *ODD_NAMES]
        for row in pulling.function.world.store.view(
            lambda tx, name=name: pulling.function.issues.named(tx, ACCOUNT, name, None, 10)  # type: ignore[misc]
        )
    ]
    found: list[Any] = [
        {"common_name": row.common_name, "serial_number": str(row.serial)}
        for row in issued
        if chance.random() < 0.4
    ]
    found += chance.sample([{"common_name": "a", "serial_number": 4}, "x", {"serial_number": 1}, *found], k=2)
    assert len(rows) == len(issued)
    return found
