"""The journal as a feed: in order, without a gap, without a repetition, at the reader's pace."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from privyseal.clock import FixedClock
from privyseal.events.feed import rows_after
from privyseal.events.repositories import Cursor
from privyseal.events.shapes import events_of
from privyseal.events.shapes.model import Place
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Store, Tx
from privyseal.stores.repositories.events import SqlEvents
from privyseal.stores.repositories.journal import SqlJournal
from privyseal.stores.sqlite import SqliteStore
from tests.ca.world import CALLER, NOW, World


@pytest.fixture(name="worlds")
def worlds_fixture(tmp_path: Path) -> Iterator[list[World]]:
    """Two processes on one file: two writers of the journal."""
    clock = FixedClock(NOW)
    stores = [SqliteStore(tmp_path / "privyseal.db", clock) for _ in range(2)]
    for store in stores:
        store.migrate()
    worlds = [World(store, clock) for store in stores]
    yield worlds
    for world, store in zip(worlds, stores, strict=True):
        world.ca.close()
        store.close()


def read(store: Store, cursor: Cursor, rows: int) -> tuple[list[dict[str, Any]], Cursor]:
    """The events of at most `rows` rows after `cursor`, and where to go on."""

    def look(tx: Tx) -> tuple[list[dict[str, Any]], Cursor]:
        everybody = {**SqlEvents().moved(tx), **cursor}
        found = rows_after(tx, SqlJournal(), everybody, rows)
        events = [
            dict(event.body)
            for row in found
            for index, entry in enumerate(json.loads(row.entries))
            for event in events_of(entry, Place(row.writer, row.seq, index, row.at), "eu-west-1")
        ]
        return events, {**cursor, **{row.writer: row.seq for row in found}}

    return store.view(look)


def drain(store: Store, cursor: Cursor, rows: int) -> tuple[list[dict[str, Any]], Cursor]:
    """Everything after `cursor`, read in steps."""
    events: list[dict[str, Any]] = []
    while True:
        more, further = read(store, cursor, rows)
        if further == cursor:
            assert more == []
            return events, cursor
        events += more
        cursor = further


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [each["detail-type"].removeprefix("ACM Private CA ") for each in events]


def test_what_an_authority_does_is_told_in_order(worlds: list[World]) -> None:
    world = worlds[0]
    arn = world.root()
    issued = world.issue(arn)
    world.ca.revocation.revoke(CALLER, arn, f"{issued.arn.serial:x}", "SUPERSEDED")
    events, _ = drain(world.store, {}, 1)
    assert kinds(events) == [
        "Creation",
        "Certificate Issuance",
        "Certificate Issuance",
        "Certificate Revocation",
    ]
    assert [each["resources"][0] for each in events] == [arn] * 4
    assert events[-1]["resources"][1] == str(issued.arn)


def test_every_certificate_of_a_batch_is_an_event(worlds: list[World]) -> None:
    world = worlds[0]
    arn = world.root()
    _, before = drain(world.store, {}, 100)
    world.store.transact(lambda tx: _issue_in_one_commit(tx, arn, 5))
    events, _ = read(world.store, before, 1)
    assert kinds(events) == ["Certificate Issuance"] * 5
    assert len({each["id"] for each in events}) == 5


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_no_pace_loses_or_repeats_an_event(worlds: list[World], rows: int) -> None:
    """Two processes write in turns, some of it no event; rows of each stay in order."""
    one, two = worlds
    arns: dict[int, list[str]] = {0: [], 1: []}
    for step in range(6):
        for number, world in enumerate((one, two)):
            arn = world.create(subject={"CommonName": f"{number} {step}"})
            world.ca.authorities.delete(CALLER, arn, 7)  # in the journal, and no event
            arns[number].append(arn)
    events, cursor = drain(two.store, {}, rows)
    found = [each["resources"][0] for each in events]
    assert len(found) == len(set(found)) == 12
    for mine in arns.values():
        assert [arn for arn in found if arn in mine] == mine
    assert len(cursor) == 2
    assert drain(one.store, cursor, rows) == ([], cursor)


def test_a_batch_is_never_larger_than_asked_for(worlds: list[World]) -> None:
    """However many writers there are to read from."""
    for step in range(4):
        for number, world in enumerate(worlds):
            world.create(subject={"CommonName": f"{number} {step}"})
    for rows in (1, 3, 5, 8):
        assert len(read(worlds[0].store, {}, rows)[0]) == rows


def test_what_processes_do_comes_in_the_order_of_time(worlds: list[World]) -> None:
    """What one process does because of another's commit is told after it."""
    arns = []
    for step in range(5):
        for number, world in enumerate(worlds):
            world.clock.advance(timedelta(seconds=1))
            arns.append(world.create(subject={"CommonName": f"{number} {step}"}))
    for rows in (1, 3, 100):
        events, _ = drain(worlds[0].store, {}, rows)
        if rows == 100:
            assert [each["resources"][0] for each in events] == arns
        assert sorted(each["resources"][0] for each in events) == sorted(arns)


def test_a_cursor_goes_on_where_it_was(worlds: list[World]) -> None:
    one, two = worlds
    one.create()
    _, cursor = drain(one.store, {}, 10)
    stored: Mapping[str, int] = json.loads(json.dumps(cursor))
    later = [two.create(subject={"CommonName": "later 1"}), one.create(subject={"CommonName": "later 2"})]
    events, _ = drain(two.store, stored, 10)
    assert {each["resources"][0] for each in events} == set(later)


def _issue_in_one_commit(tx: Tx, arn: str, count: int) -> None:
    for serial in range(1, count + 1):
        resource = str(CertificateArn(AuthorityArn.parse(arn), serial))
        tx.record({"action": "acm-pca:IssueCertificate", "resource": resource, "detail": {}})
