"""Dispatch: what the journal says becomes history and deliveries, once, whatever happens meanwhile."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.dispatch import Dispatch
from privyseal.events.journal import entry
from privyseal.events.patterns import compile_pattern
from privyseal.events.repositories import Recorded, Selection
from privyseal.events.rules import Rule, Rules
from privyseal.meter import SilentMeter
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Store, Tx, UniqueError
from privyseal.stores.migrate import migrations
from privyseal.stores.repositories.events import SqlDeliveries, SqlEvents
from privyseal.stores.repositories.journal import SqlJournal
from privyseal.stores.sqlite import SqliteStore
from tests.stores.rows import ACCOUNT, CALLER, REGION

T = TypeVar("T")
CA = AuthorityArn(REGION, ACCOUNT, "11223344-1234-1122-2233-112233445566")
RENEWABLE = '{"source": ["aws.acm-pca"], "detail-type": [{"suffix": "Creation"}]}'
EVERYTHING = '{"source": [{"exists": true}]}'


def rules(*rows: tuple[str, list[str]]) -> Rules:
    return Rules([Rule(f"r{n}", compile_pattern(text), targets) for n, (text, targets) in enumerate(rows)])


def dispatch(
    store: Store, these: Rules | None = None, wake: Callable[[], None] = lambda: None, days: int = 90
) -> Dispatch:
    return Dispatch(
        store,
        SqlJournal(),
        SqlEvents(),
        SqlDeliveries(),
        these or rules(),
        region=REGION,
        history=timedelta(days=days),
        wake=wake,
        meter=SilentMeter(),
    )


def run(store: Store, these: Rules | None = None, **more: Any) -> None:
    dispatch(store, these, **more).run(threading.Event())


def record(store: Store, *actions: str, resource: str = str(CA), **detail: object) -> None:
    def write(tx: Tx) -> None:
        for action in actions:
            tx.record(entry(action, CALLER, resource, **detail))

    store.transact(write)


def history(store: Store) -> list[Recorded]:
    """Oldest first."""
    found = store.view(lambda tx: SqlEvents().page(tx, ACCOUNT, Selection(), None, 1000))
    return sorted(found, key=lambda each: each.number)


def kinds(store: Store) -> list[str]:
    return [each.event["detail-type"].removeprefix("ACM Private CA ") for each in history(store)]


CREATED, ISSUED = "acm-pca:CreateCertificateAuthority", "acm-pca:IssueCertificate"


def test_what_happened_is_in_the_history_once(store: SqliteStore) -> None:
    record(store, CREATED, "acm-pca:PutPolicy", "acm-pca:GenerateCrl")
    assert store.view(dispatch(store).waiting)
    run(store)
    run(store)
    assert kinds(store) == ["Creation", "CRL Generation"]
    assert not store.view(dispatch(store).waiting)


def test_rules_say_who_gets_an_event_and_each_gets_it_once(store: SqliteStore) -> None:
    these = rules((RENEWABLE, ["a", "b"]), (EVERYTHING, ["b", "c"]))
    record(store, CREATED, "acm-pca:GenerateCrl")
    run(store, these)
    sent = [[each.target for each in recorded.sent] for recorded in history(store)]
    assert sent == [["a", "b", "c"], ["b", "c"]]


def test_who_delivers_is_woken_when_there_is_something_to_deliver(store: SqliteStore) -> None:
    woken: list[None] = []
    record(store, "acm-pca:GenerateCrl")
    run(store, rules((RENEWABLE, ["a"])), wake=lambda: woken.append(None))
    assert woken == []
    record(store, CREATED)
    run(store, rules((RENEWABLE, ["a"])), wake=lambda: woken.append(None))
    assert woken == [None]


def test_issuances_that_no_rule_wants_are_passed_over_without_being_read(store: SqliteStore) -> None:
    these = rules((RENEWABLE, ["a"]))
    arn = str(CertificateArn(CA, 5))
    record(store, *[ISSUED] * 50, resource=arn)
    assert not these.want('[{"action":"acm-pca:IssueCertificate"}]')
    assert not these.want("[this is no JSON, and nobody looks]")
    run(store, these)
    assert history(store) == []
    assert not store.view(dispatch(store).waiting)


def test_issuances_that_a_rule_wants_are_told(store: SqliteStore) -> None:
    record(store, *[ISSUED] * 3, resource=str(CertificateArn(CA, 5)))
    run(store, rules(('{"detail-type": ["ACM Private CA Certificate Issuance"]}', ["a"])))
    assert kinds(store) == ["Certificate Issuance"] * 3
    record(store, ISSUED, resource=str(CertificateArn(CA, 6)))
    run(store, rules((f'{{"resources": ["{CA}/certificate/none"]}}', ["a"])))  # it may, and does not
    assert len(history(store)) == 3


@pytest.mark.parametrize("text", ['"action":"acm-pca:CreateCertificateAuthority"', "\\", '"'])
def test_no_text_of_somebody_hides_an_action(store: SqliteStore, text: str) -> None:
    """Whether a row is passed over is seen from its bytes, in which others can write much."""
    record(store, ISSUED, resource=str(CertificateArn(CA, 5)), subject=text)
    record(store, CREATED, subject=text)
    run(store)
    assert kinds(store) == ["Creation"]


def test_an_entry_that_cannot_be_told_holds_up_no_other(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    record(store, CREATED, resource="no ARN")
    record(store, "acm:RenewManagedCertificate", resource=str(CA))
    record(store, "privyseal:SuspendDevices", before=None)
    record(store, CREATED)
    run(store)
    assert kinds(store) == ["Creation"]
    assert [each.message for each in caplog.records] == ["an entry of the journal has no event"] * 3


class DyingError(Exception):
    pass


class Killed:
    """A store whose process dies right before, or right after, its n-th commit."""

    def __init__(self, store: Store, commits: int, *, after: bool) -> None:
        self._store = store
        self._left = commits
        self._after = after

    def view(self, read: Callable[[Tx], T]) -> T:
        return self._store.view(read)

    def generation(self) -> int | None:
        return self._store.generation()

    def transact(self, write: Callable[[Tx], T]) -> T:
        self._left -= 1
        if self._left < 0 and not self._after:
            raise DyingError
        done = self._store.transact(write)
        if self._left < 0:
            raise DyingError
        return done


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("commits", [0, 1, 2])
def test_whoever_is_killed_loses_nothing_and_tells_nothing_twice(
    store: SqliteStore, commits: int, after: bool
) -> None:
    these = rules((EVERYTHING, ["a"]))
    for n in range(1200):
        record(
            store,
            CREATED,
            ISSUED,
            resource=str(AuthorityArn(REGION, ACCOUNT, f"{n:08}-1234-1122-2233-112233445566")),
        )
    with pytest.raises(DyingError):
        run(Killed(store, commits, after=after), these)
    run(store, these)
    found = [each.event["resources"][0] for each in history_of_all(store)]
    assert len(found) == 2400
    assert found == sorted(found)


def history_of_all(store: Store) -> list[Recorded]:
    found: list[Recorded] = []
    last = 0
    while more := store.view(lambda tx, at=last: SqlEvents().following(tx, ACCOUNT, at, 500)):  # type: ignore[misc]
        found += more
        last = more[-1].number
    return found


def test_two_at_once_tell_everything_once(store: SqliteStore, tmp_path: Path, clock: FixedClock) -> None:
    """A lease that was lost while somebody slept: the ids of events let one of them commit."""
    record(store, CREATED)
    other = SqliteStore(tmp_path / "privyseal.db", clock)

    class Overtaken(Killed):
        def transact(self, write: Callable[[Tx], T]) -> T:
            run(other)
            return store.transact(write)

    with pytest.raises(UniqueError):
        run(Overtaken(store, 0, after=False))
    assert kinds(store) == ["Creation"]
    run(store)
    assert kinds(store) == ["Creation"]
    other.close()


def test_what_is_too_old_is_forgotten(store: SqliteStore, clock: FixedClock) -> None:
    for _ in range(3):
        record(store, CREATED)
        run(store)
        clock.advance(timedelta(days=10))
    record(store, "acm-pca:GenerateCrl")
    run(store, days=15)
    assert kinds(store) == ["Creation", "CRL Generation"]


def test_what_happened_before_there_were_events_is_not_told() -> None:
    """Who upgrades is not flooded with years of events."""
    (mine,) = [each for each in migrations("sqlite") if each.number == 13]
    assert any("INSERT INTO event_cursor" in each for each in mine.statements)


def test_a_database_that_is_away_is_tried_again(store: SqliteStore) -> None:
    record(store, CREATED)

    class Away(Killed):
        def transact(self, write: Callable[[Tx], T]) -> T:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "away")

    with pytest.raises(PrivySealError, match="away"):
        run(Away(store, 0, after=False))
    run(store)
    assert kinds(store) == ["Creation"]
