"""The contract of `ca.revocation.ports.Revocations`, for every store."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from privyseal.ca.revocation.model import Revocation
from privyseal.names import format_serial, new_id, new_serial
from privyseal.store import Store
from privyseal.stores.repositories.revocations import SqlRevocations
from tests.stores.conftest import Database
from tests.stores.rows import NOW
from tests.stores.tables import rows_of

ROWS = SqlRevocations()
A = new_id()
SECOND = timedelta(seconds=1)


def revocation(**changes: Any) -> Revocation:
    made = Revocation(A, "", new_serial(), NOW + timedelta(days=30), NOW, b"entry")
    return replace(made, **changes)


def listed(store: Store, table: str = "revocation") -> dict[tuple[str, str], bytes]:
    return {(row["partition"], row["serial"]): row["entry"] for row in rows_of(store, table)}


def key(each: Revocation) -> tuple[str, str]:
    return each.partition, format_serial(each.serial)


def put(store: Store, *many: Revocation) -> None:
    store.transact(lambda tx: ROWS.put_many(tx, many))


def release(store: Store, *many: Revocation) -> None:
    store.transact(lambda tx: ROWS.release_many(tx, many))


def test_an_entry_that_is_put_again_takes_the_place_of_the_first(store: Database) -> None:
    """A hold that becomes final; delta CRLs find it by its new time."""
    held, other = revocation(), revocation(partition="p")
    put(store, held, other)
    final = replace(held, entry=b"final", revoked_at=NOW + SECOND)
    put(store, final)
    assert listed(store) == {key(held): b"final", key(other): b"entry"}
    (row,) = [row for row in rows_of(store, "revocation") if row["entry"] == b"final"]
    assert row["revoked_at"] == int(NOW.timestamp() * 1_000_000) + 1_000_000


def test_what_is_released_is_not_listed_but_told(store: Database) -> None:
    held, other = revocation(), revocation()
    put(store, held, other)
    released = replace(held, entry=b"removed", revoked_at=NOW + SECOND)
    release(store, released)
    assert listed(store) == {key(other): b"entry"}
    assert listed(store, "release") == {key(held): b"removed"}
    release(store, replace(released, entry=b"removed again"))
    assert listed(store, "release") == {key(held): b"removed again"}


def test_what_is_revoked_again_was_not_released(store: Database) -> None:
    held, same_elsewhere = revocation(), revocation(authority_id=new_id())
    same_elsewhere = replace(same_elsewhere, serial=held.serial)
    put(store, held, same_elsewhere)
    release(store, held, same_elsewhere)
    put(store, held)
    assert listed(store) == {key(held): b"entry"}
    (row,) = rows_of(store, "release")
    assert row["authority_id"] == same_elsewhere.authority_id
