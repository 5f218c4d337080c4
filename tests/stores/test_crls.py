"""The contract of `ca.revocation.ports.Crls` and `CrlEntries`, for every store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.model import Crl, CrlDocument, Revocation
from privyseal.clock import FixedClock
from privyseal.names import format_serial, new_id
from privyseal.store import Tx
from privyseal.stores.repositories.crl_entries import SqlCrlEntries
from privyseal.stores.repositories.crls import SqlCrls
from privyseal.stores.repositories.partitions import SqlPartitions
from privyseal.stores.repositories.revocations import SqlRevocations
from tests.stores.conftest import Database
from tests.stores.rows import NOW

T = TypeVar("T")
ROWS, ENTRIES = SqlCrls(), SqlCrlEntries()
A = "00000000-0000-0000-0000-00000000000a"
B = "00000000-0000-0000-0000-00000000000b"
PARTITION = "00000000-0000-0000-0000-000000000001"
FAR = NOW + timedelta(days=3)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def write(store: Database, change: Callable[[Tx], T]) -> T:
    return store.transact(change)


def require(store: Database, authority: str = A, partition: str = "") -> Crl:
    write(store, lambda tx: ROWS.require(tx, authority, partition))
    return find(store, authority, partition)


def find(store: Database, authority: str = A, partition: str = "") -> Crl:
    crl = store.view(lambda tx: ROWS.find(tx, authority, partition))
    assert crl is not None
    return crl


def due(store: Database) -> Crl | None:
    return store.view(ROWS.next_due)


def lease(store: Database, crl: Crl | None) -> Crl:
    assert crl is not None
    leased = write(store, lambda tx: ROWS.lease(tx, crl))
    assert leased is not None
    return leased


def document(crl: Crl, at: datetime, number: int, **changes: object) -> CrlDocument:
    made = CrlDocument(
        id=new_id(),
        name=crl.name,
        delta=False,
        authority_id=crl.authority_id,
        partition=crl.partition,
        number=number,
        this_update=at,
        next_update=at + timedelta(days=7),
        size=5,
        chunks=1,
        head=b"ab",
        tail=b"e",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def publish(store: Database, crl: Crl, at: datetime, number: int) -> CrlDocument | None:
    made = document(crl, at, number)
    if not write(store, lambda tx: ROWS.append(tx, crl, made.id, 0, [b"cd"])):
        return None
    after = replace(crl, number=number, made_at=at)
    published = write(store, lambda tx: ROWS.publish(tx, after, [made]))
    return made if published else None


def test_a_crl_that_is_to_be_is_due_at_once_and_only_once(store: Database) -> None:
    """Asking for it again changes nothing."""
    crl = require(store)
    assert due(store) == crl == require(store)
    assert (crl.number, crl.made_at, crl.failures, crl.name) == (0, None, 0, A)
    assert require(store, A, PARTITION).name == PARTITION


def test_one_process_makes_it_until_its_lease_is_over(store: Database, clock: FixedClock) -> None:
    """Then another, and the first one changes nothing any more."""
    crl = require(store)
    first = lease(store, crl)
    assert due(store) is None
    assert write(store, lambda tx: ROWS.lease(tx, crl)) is None
    clock.advance(timing.LEASE)
    second = lease(store, due(store))
    assert second.attempts == first.attempts + 1
    assert publish(store, first, NOW, 1) is None
    assert not write(store, lambda tx: ROWS.finish(tx, first, None, soon=tx.now))
    assert publish(store, second, NOW, 1)


def test_storing_a_chunk_holds_the_lease_for_longer(store: Database, clock: FixedClock) -> None:
    """A large CRL may take a while."""
    crl = lease(store, require(store))
    clock.advance(timing.LEASE * 3 / 4)
    assert write(store, lambda tx: ROWS.append(tx, crl, "x", 0, [b"1", b"2"]))
    clock.advance(timing.LEASE / 2)
    assert due(store) is None
    chunks = [store.view(lambda tx, n=seq: ROWS.chunk(tx, "x", n)) for seq in range(3)]  # type: ignore[misc]
    assert chunks == [b"1", b"2", None]


def test_a_lease_is_given_back_by_who_holds_it_and_nobody_else(store: Database, clock: FixedClock) -> None:
    """A process that is asked to stop does not keep the next one waiting."""
    first = lease(store, require(store))
    write(store, lambda tx: ROWS.give_back(tx, first))
    second = lease(store, due(store))
    write(store, lambda tx: ROWS.give_back(tx, first))
    assert due(store) is None
    assert write(store, lambda tx: ROWS.hold(tx, second))
    clock.advance(timing.LEASE)
    assert due(store)


def test_a_lease_of_a_clock_that_was_wrong_holds_nobody_up(store: Database, clock: FixedClock) -> None:
    """It would end in a year."""
    crl = require(store)
    clock.advance(timedelta(days=365))
    lease(store, crl)
    clock.advance(timedelta(days=-365))
    assert lease(store, due(store)).attempts == 2


def test_the_longest_due_comes_first_and_a_finished_one_when_it_is_due_again(
    store: Database, clock: FixedClock
) -> None:
    """None: never again."""
    require(store, B)
    clock.advance(timedelta(seconds=1))
    require(store, A)
    second = lease(store, due(store))
    assert second.authority_id == B
    write(store, lambda tx: ROWS.finish(tx, second, tx.now + timedelta(days=1), soon=tx.now))
    third = lease(store, due(store))
    assert third.authority_id == A
    write(store, lambda tx: ROWS.finish(tx, third, None, soon=tx.now))
    assert due(store) is None
    clock.advance(timedelta(days=1))
    found = due(store)
    assert found is not None
    assert found.authority_id == B


def test_what_changes_is_due_soon_but_not_too_often(store: Database, clock: FixedClock) -> None:
    """Its partition's CRL and the complete one, no other; and not while it fails."""
    for partition in ("", PARTITION, B):
        crl = lease(store, require(store, A, partition))
        publish(store, crl, NOW, 1)
        write(store, lambda tx, c=crl: ROWS.finish(tx, c, FAR, soon=FAR))  # type: ignore[misc]
    write(store, lambda tx: ROWS.changed(tx, A, [PARTITION]))
    assert due(store) is None
    clock.advance(timing.INTERVAL)
    found = {lease(store, due(store)).partition, lease(store, due(store)).partition}
    assert found == {"", PARTITION}
    assert due(store) is None
    failing = find(store)
    far = clock.now() + timing.RETRY_LAST
    write(store, lambda tx: ROWS.finish(tx, replace(failing, failures=1), far, soon=far))
    write(store, lambda tx: ROWS.changed(tx, A, []))
    clock.advance(timing.LEASE / 2)
    assert due(store) is None


def test_what_changes_while_it_is_made_makes_the_next_one_due_soon(
    store: Database, clock: FixedClock
) -> None:
    """It may be missing in this one."""
    crl = lease(store, require(store))
    write(store, lambda tx: ROWS.changed(tx, A, []))
    soon = NOW + timedelta(seconds=5)
    write(store, lambda tx: ROWS.finish(tx, crl, NOW + timedelta(days=3), soon=soon))
    assert due(store) is None
    clock.advance(timedelta(seconds=5))
    assert due(store)


def test_all_of_an_authority_are_due_when_its_settings_change(store: Database) -> None:
    """Also one that was never to be made again."""
    crl = lease(store, require(store))
    write(store, lambda tx: ROWS.finish(tx, crl, None, soon=tx.now))
    write(store, lambda tx: ROWS.all_changed(tx, B))
    assert due(store) is None
    write(store, lambda tx: ROWS.all_changed(tx, A))
    assert due(store)


def test_when_the_first_crl_of_an_authority_runs_out(store: Database) -> None:
    """Of those that are made: not of one that is there to be, nor of one that never will be again."""
    for authority, partition, days in ((A, "", 0), (A, PARTITION, 1), (B, "", 0)):
        crl = lease(store, require(store, authority, partition))
        publish(store, crl, NOW + timedelta(days=days), 1)
        due_at = FAR if authority == A else None
        write(store, lambda tx, c=crl, d=due_at: ROWS.finish(tx, c, d, soon=FAR))  # type: ignore[misc]
    require(store, A, B)
    assert store.view(ROWS.next_updates) == {A: NOW + timedelta(days=7)}


def test_what_is_published_is_replaced_and_its_chunks_go_later(store: Database, clock: FixedClock) -> None:
    """So that a download may end."""
    crl = lease(store, require(store))
    first = publish(store, crl, NOW, 1)
    assert first
    assert store.view(lambda tx: ROWS.published(tx, A, delta=False)) == first
    assert store.view(lambda tx: ROWS.published(tx, A, delta=True)) is None
    second = publish(store, replace(crl, number=1), NOW, 2)
    assert second
    assert store.view(lambda tx: ROWS.published(tx, A, delta=False)) == second
    assert store.view(ROWS.discarded) is None
    clock.advance(timing.KEEP)
    assert store.view(ROWS.discarded) == first.id
    write(store, lambda tx: ROWS.delete_chunks(tx, first.id))
    assert store.view(lambda tx: ROWS.chunk(tx, first.id, 0)) is None
    assert store.view(lambda tx: ROWS.chunk(tx, second.id, 0)) == b"cd"
    assert store.view(ROWS.discarded) is None


@pytest.mark.parametrize(("seconds", "number"), [(0, 5), (0, 4), (-1, 6)])
def test_neither_number_nor_time_goes_back(store: Database, seconds: int, number: int) -> None:
    """Whatever the maker thinks; what was served stays."""
    crl = lease(store, require(store))
    first = publish(store, crl, NOW, 5)
    assert publish(store, crl, NOW + timedelta(seconds=seconds), number) is None
    assert store.view(lambda tx: ROWS.published(tx, A, delta=False)) == first


def test_what_was_begun_and_never_published_is_deleted(store: Database, clock: FixedClock) -> None:
    """Chunks of a process that died; many of them in several commits."""
    crl = lease(store, require(store))
    write(store, lambda tx: ROWS.append(tx, crl, "lost", 0, [b"x"] * 100))
    clock.advance(timing.LEASE + timing.KEEP)
    assert store.view(ROWS.discarded) == "lost"
    for _ in range(2):
        write(store, lambda tx: ROWS.delete_chunks(tx, "lost"))
    assert store.view(ROWS.discarded) is None
    assert store.view(lambda tx: ROWS.chunk(tx, "lost", 99)) is None


def test_a_document_whose_chunks_are_gone_is_not_published(store: Database, clock: FixedClock) -> None:
    """A clock that jumped ahead has let another process delete them."""
    crl = lease(store, require(store))
    made = document(crl, NOW, 1)
    write(store, lambda tx: ROWS.append(tx, crl, made.id, 0, [b"cd"]))
    clock.advance(timing.LEASE + timing.KEEP)
    write(store, lambda tx: ROWS.delete_chunks(tx, made.id))
    assert not write(store, lambda tx: ROWS.publish(tx, replace(crl, number=1, made_at=NOW), [made]))


def test_a_crl_is_promised_by_its_authority_or_its_partition(store: Database) -> None:
    """And by nothing else."""
    require(store, A)
    write(store, lambda tx: SqlPartitions().insert(tx, A, PARTITION))
    found = {name: store.view(lambda tx, n=name: ROWS.is_promised(tx, n)) for name in (A, B, PARTITION)}  # type: ignore[misc]
    assert found == {A: True, B: False, PARTITION: True}


def test_a_partition_knows_every_url_it_was_ever_found_at(store: Database, clock: FixedClock) -> None:
    """In the order in which they came; the open one of each authority is the newest."""
    newer = new_id()
    for partition in (PARTITION, newer):
        clock.advance(timedelta(seconds=1))
        write(store, lambda tx, p=partition: SqlPartitions().insert(tx, A, p))  # type: ignore[misc]
        require(store, A, partition)
    for url in ("http://a", "http://b", "http://a"):
        write(store, lambda tx, u=url: ROWS.found_at(tx, A, newer, u))  # type: ignore[misc]
    assert store.view(ROWS.open_partitions) == [find(store, A, newer)]
    assert find(store, A, newer).points == ("http://a", "http://b")
    assert store.view(lambda tx: ENTRIES.partitions(tx, A)) == ["", PARTITION, newer]


def revocation(serial: int, days: int, revoked: int, partition: str = "", authority: str = A) -> Revocation:
    return Revocation(
        authority_id=authority,
        partition=partition,
        serial=serial,
        not_after=NOW + timedelta(days=days),
        revoked_at=NOW + timedelta(seconds=revoked),
        entry=f"<{serial}>".encode(),
    )


def test_entries_come_in_pages_and_every_one_once(store: Database) -> None:
    """In the order of their expiry; those that have expired, other partitions and authorities left out."""
    rows = [revocation(n, days=n % 3, revoked=n) for n in range(1, 10)]
    others = [revocation(20, 1, 1, PARTITION), revocation(21, 1, 1, authority=B)]
    write(store, lambda tx: SqlRevocations().put_many(tx, [*rows, *others]))
    after: tuple[datetime, str] | None = (NOW + timedelta(days=1), "")
    found = b""
    while after:
        page, after = store.view(lambda tx, a=after: ENTRIES.page(tx, A, "", a, 2))  # type: ignore[misc]
        found += page
    assert found == b"<1><4><7><2><5><8>"
    last = NOW + timedelta(days=1), format_serial(4)
    assert store.view(lambda tx: ENTRIES.page(tx, A, "", last, 10))[0] == b"<7><2><5><8>"


def test_what_was_revoked_and_released_since_a_time(store: Database) -> None:
    """For deltas: in the order of the change, in pages."""
    write(store, lambda tx: SqlRevocations().put_many(tx, [revocation(n, 5, n) for n in range(1, 6)]))
    since: tuple[datetime, datetime, str] | None = (NOW + timedelta(seconds=3), BEGINNING, "")
    found = b""
    while since:
        page, since = store.view(lambda tx, s=since: ENTRIES.recent(tx, A, "", s, 2))  # type: ignore[misc]
        found += page
    assert found == b"<3><4><5>"
    write(store, lambda tx: SqlRevocations().release_many(tx, [revocation(n, 5, 10 + n) for n in (1, 2, 4)]))
    assert store.view(lambda tx: ENTRIES.page(tx, A, "", (NOW, ""), 9))[0] == b"<3><5>"
    released: tuple[datetime, str] | None = (NOW + timedelta(seconds=12), "")
    found = b""
    while released:
        page, released = store.view(lambda tx, r=released: ENTRIES.released(tx, A, "", r, 1))  # type: ignore[misc]
        found += page
    assert found == b"<2><4>"
