"""Five years of 1,000 certificates, by a clock that is moved: who is kept fresh, and who is not."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import pytest

from privyseal.clock import FixedClock
from privyseal.events.shapes import events_of
from privyseal.events.shapes.health import CODE
from privyseal.events.shapes.model import Place
from privyseal.managed.limits import ACTION_STAGES, DAYS_BEFORE_EXPIRY, RENEWAL_WINDOW
from privyseal.managed.states import Status
from privyseal.store import Entry, Store, Tx
from privyseal.stores.sql import sql
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import NOW, REGION, World
from tests.managed.kept import DAY, Kept
from tests.service import patience

T = TypeVar("T")

CERTIFICATES = 1000
FORGOTTEN = 200  # of these, exported once and never again
YEARS = 5
STEP = timedelta(hours=1)
SECONDS = 60  # of real time


class Overheard(Store):
    """A store that hands on what each commit has put on record."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.heard: list[tuple[datetime, Entry]] = []

    def view(self, read: Callable[[Tx], T]) -> T:
        return self._inner.view(read)

    def transact(self, write: Callable[[Tx], T]) -> T:
        def overheard(tx: Tx) -> tuple[T, list[tuple[datetime, Entry]]]:
            result = write(tx)
            return result, [(tx.now, each) for each in sql(tx).entries]

        result, entries = self._inner.transact(overheard)
        self.heard += entries
        return result

    def generation(self) -> int | None:
        return self._inner.generation()


@dataclass
class History:
    """What the five years have brought, by ARN."""

    kept: Kept
    cared_for: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    heard: dict[str, list[tuple[datetime, Entry]]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0

    def of(self, arn: str, action: str) -> list[tuple[datetime, dict[str, Any]]]:
        return [(at, entry["detail"]) for at, entry in self.heard[arn] if entry["action"] == action]


@pytest.fixture(scope="module", name="history")
def history_fixture() -> Iterator[History]:
    clock = FixedClock(NOW)
    database = SqliteStore(MEMORY, clock)
    database.migrate()
    store = Overheard(database)
    kept = Kept(World(store, clock))
    began = time.monotonic()
    history = _lived(kept, store)
    history.seconds = time.monotonic() - began
    yield history
    kept.close()
    kept.world.ca.close()
    database.close()


def _lived(kept: Kept, store: Overheard) -> History:
    history = History(kept)
    authority = kept.authority()
    requested = 0
    while kept.clock.now() < NOW + YEARS * 365 * DAY:
        passed = (kept.clock.now() - NOW) / (365 * DAY)
        while requested < min(CERTIFICATES, int(passed * CERTIFICATES) + 1):
            arn = kept.request(authority, f"host-{requested}.example.com")
            careless = requested % (CERTIFICATES // FORGOTTEN) == 0
            (history.forgotten if careless else history.cared_for).append(arn)
            requested += 1
        kept.run()
        _follow(history, store, set(history.forgotten))
        kept.clock.advance(STEP)
    return history


def _follow(history: History, store: Overheard, forgotten: set[str]) -> None:
    """What a rule does that exports after every renewal; of the forgotten ones only the first is."""
    while store.heard:
        at, entry = store.heard.pop(0)
        arn, detail = entry["resource"], entry["detail"]
        history.heard[arn].append((at, entry))
        if detail.get("result") != "success":
            continue
        if detail["action"] == "ISSUANCE" or arn not in forgotten:
            history.kept.export(arn)


def test_it_takes_less_than_a_minute(history: History) -> None:
    assert len(history.cared_for) + len(history.forgotten) == CERTIFICATES
    assert history.seconds < patience(SECONDS)


def test_what_is_exported_after_each_renewal_is_renewed_in_its_window_and_never_expires(
    history: History,
) -> None:
    for arn in history.cared_for:
        assert history.of(arn, "acm:ExpireCertificate") == []
        assert history.of(arn, "acm:ApproachingExpiration") == []
        assert history.of(arn, "acm:RenewalActionRequired") == []
        assert history.kept.row(arn).status is Status.ISSUED
        (first,) = history.of(arn, "acm:IssueManagedCertificate")
        renewals = history.of(arn, "acm:RenewManagedCertificate")
        assert len(renewals) in {4, 5}
        ends = _end(first[1])
        for at, detail in renewals:
            assert detail["result"] == "success"
            assert ends - RENEWAL_WINDOW <= at < ends - timedelta(days=DAYS_BEFORE_EXPIRY) + STEP
            ends = _end(detail)


def test_what_is_not_exported_again_is_no_longer_eligible_and_expires_with_its_events(
    history: History,
) -> None:
    for arn in history.forgotten:
        ((_, renewed),) = history.of(arn, "acm:RenewManagedCertificate")
        ((expired_at, _),) = history.of(arn, "acm:ExpireCertificate")
        assert _end(renewed) <= expired_at <= _end(renewed) + STEP
        row = history.kept.row(arn)
        assert (row.status, row.exported_at, row.attempt_at, row.notice_at) == (
            Status.EXPIRED,
            None,
            None,
            None,
        )
        daily = [
            detail["certificate"]["days_to_expiry"]
            for _, detail in history.of(arn, "acm:ApproachingExpiration")
        ]
        assert daily == list(range(DAYS_BEFORE_EXPIRY, 0, -1))
        stages = [
            detail["certificate"]["days_to_expiry"]
            for _, detail in history.of(arn, "acm:RenewalActionRequired")
        ]
        assert stages == list(ACTION_STAGES)


def test_no_day_has_more_than_three_times_its_share_of_renewals(history: History) -> None:
    load, open_days = Counter[date](), set[date]()
    for arn in history.cared_for + history.forgotten:
        ((_, first),) = history.of(arn, "acm:IssueManagedCertificate")
        opens = _end(first) - RENEWAL_WINDOW
        for at, detail in history.of(arn, "acm:RenewManagedCertificate"):
            load[at.date()] += 1
            open_days |= {opens.date() + n * DAY for n in range((at - opens) // DAY + 1)}
            opens = _end(detail) - RENEWAL_WINDOW
    assert max(load.values()) <= 3 * load.total() / len(open_days), (
        max(load.values()),
        load.total(),
        len(open_days),
    )


def test_every_attempt_is_on_record(history: History) -> None:
    told = sum(
        len(history.of(arn, action))
        for arn in history.cared_for + history.forgotten
        for action in ("acm:IssueManagedCertificate", "acm:RenewManagedCertificate")
    )
    (authority,) = {history.kept.row(arn).authority_arn for arn in history.cared_for}
    assert told == len(history.kept.serials(str(authority)))


def test_every_attempt_has_its_events(history: History) -> None:
    """Of a renewal AWS Health tells besides, once."""
    both = ["AWS Health Event", "ACM Certificate Available"]
    expected = {"acm:IssueManagedCertificate": both[1:], "acm:RenewManagedCertificate": both}
    attempts = Counter[str]()
    for arn in history.cared_for + history.forgotten:
        for at, entry in history.heard[arn]:
            if (action := entry["action"]) not in expected:
                continue
            found = [each.body for each in events_of(entry, Place("w", attempts.total(), 0, at), REGION)]
            assert [each["detail-type"] for each in found] == expected[action]
            assert all(each["resources"] == [arn] for each in found)
            if len(found) > 1:
                health = found[0]["detail"]
                assert (health["eventTypeCode"], health["statusCode"]) == (CODE, "closed")
                assert [each["entityValue"] for each in health["affectedEntities"]] == [arn]
            attempts[action] += 1
    assert attempts["acm:IssueManagedCertificate"] == CERTIFICATES
    assert attempts["acm:RenewManagedCertificate"] > CERTIFICATES


def _end(detail: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(detail["certificate"]["not_after"])
