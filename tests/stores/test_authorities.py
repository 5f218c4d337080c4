"""The contract of `ca.ports.Authorities`, for every store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from privyseal.ca.model import Authority
from privyseal.ca.states import Status
from privyseal.names import AuthorityArn, new_id
from privyseal.store import Tx, UniqueError
from privyseal.stores.repositories.authorities import SqlAuthorities
from tests.stores.conftest import Database
from tests.stores.rows import ACCOUNT, NOW, REGION, authority, certified

ROWS = SqlAuthorities()


def add(store: Database, *rows: Authority) -> None:
    def write(tx: Tx) -> None:
        for row in rows:
            ROWS.insert(tx, row)

    store.transact(write)


def holder_of(store: Database, arn: AuthorityArn, token: str) -> Authority | None:
    return store.view(lambda tx: ROWS.by_token(tx, arn.account, arn.region, token))


def page(store: Database, after: tuple[datetime, str] | None, limit: int) -> Sequence[Authority]:
    return store.view(lambda tx: ROWS.page(tx, ACCOUNT, REGION, after, limit))


def find(store: Database, row: Authority) -> Authority | None:
    return store.view(lambda tx: ROWS.find(tx, row.arn.id))


def test_a_row_comes_back_as_it_was_stored(store: Database) -> None:
    for row in (authority(), certified()):
        add(store, row)
        assert find(store, row) == row


def test_what_is_not_there_is_not_found(store: Database) -> None:
    add(store, authority())
    assert store.view(lambda tx: ROWS.find(tx, new_id())) is None
    assert store.view(lambda tx: ROWS.find(tx, "' OR 1=1 --")) is None


def test_many_are_found_at_once_and_missing_ones_are_left_out(store: Database) -> None:
    rows = [authority() for _ in range(20)]
    add(store, *rows)
    wanted = [row.arn.id for row in rows[5:15]]
    found = store.view(lambda tx: ROWS.find_many(tx, [*wanted, new_id()]))
    assert found == {row.arn.id: row for row in rows[5:15]}
    assert store.view(lambda tx: ROWS.find_many(tx, [])) == {}


def test_an_id_is_taken_only_once(store: Database) -> None:
    row = authority()
    add(store, row)
    with pytest.raises(UniqueError):
        add(store, replace(row, subject={"CommonName": "other"}))
    assert find(store, row) == row


def test_a_token_is_held_by_one_authority_of_an_account_and_region(store: Database) -> None:
    holder = authority(token="t")
    add(store, holder)
    with pytest.raises(UniqueError):
        add(store, authority(token="t"))
    other_account = authority(token="t", arn=AuthorityArn(REGION, "444455556666", new_id()))
    other_region = authority(token="t", arn=AuthorityArn("us-east-1", ACCOUNT, new_id()))
    add(store, other_account, other_region, authority(), authority())  # no token: no limit
    for row in (holder, other_account, other_region):
        assert holder_of(store, row.arn, "t") == row
    assert holder_of(store, holder.arn, "T") is None


def test_a_forgotten_token_is_free_and_changes_nothing_else(store: Database) -> None:
    holder = authority(token="t")
    add(store, holder)
    store.transact(lambda tx: ROWS.forget_token(tx, holder.arn.id))
    assert find(store, holder) == replace(holder, token=None)
    add(store, authority(token="t"))


def test_an_update_writes_everything_that_can_change(store: Database) -> None:
    row = authority()
    add(store, row)
    changed = certified(
        arn=row.arn,
        csr_extensions=None,
        version=2,
        created_at=row.created_at,
        changed_at=NOW + timedelta(seconds=1),
    )
    assert store.transact(lambda tx: ROWS.update(tx, changed))
    assert find(store, row) == changed


def test_an_update_of_an_older_version_changes_nothing(store: Database) -> None:
    row = authority()
    add(store, row)
    assert store.transact(lambda tx: ROWS.update(tx, replace(row, status=Status.ACTIVE, version=2)))
    late = replace(row, status=Status.DISABLED, version=2)
    assert not store.transact(lambda tx: ROWS.update(tx, late))
    assert not store.transact(lambda tx: ROWS.update(tx, replace(late, version=5)))
    found = find(store, row)
    assert found is not None
    assert (found.status, found.version) == (Status.ACTIVE, 2)


def test_an_update_of_what_is_not_there_says_so(store: Database) -> None:
    assert not store.transact(lambda tx: ROWS.update(tx, authority(version=2)))


def test_versions_are_those_of_the_rows_that_exist(store: Database) -> None:
    rows = [authority(version=n) for n in (1, 7)]
    add(store, *rows)
    ids = [*(row.arn.id for row in rows), new_id()]
    assert store.view(lambda tx: ROWS.versions(tx, ids)) == {row.arn.id: row.version for row in rows}


def test_pages_run_in_order_of_creation_and_miss_nobody(store: Database) -> None:
    """Several rows share a time, and a page ends among them."""
    rows = [authority(created_at=NOW + timedelta(microseconds=n // 4)) for n in range(23)]
    elsewhere = [authority(arn=AuthorityArn("us-east-1", ACCOUNT, new_id()))]
    elsewhere += [authority(arn=AuthorityArn(REGION, "444455556666", new_id()))]
    add(store, *reversed(rows), *elsewhere)
    expected = sorted(rows, key=lambda row: (row.created_at, row.arn.id))
    for limit in (1, 5, 23, 50):
        seen: list[Authority] = []
        after = None
        while shown := page(store, after, limit):
            assert len(shown) <= limit
            seen += shown
            after = (shown[-1].created_at, shown[-1].arn.id)
        assert seen == expected


def test_the_quota_counts_the_deleted_while_they_can_be_restored(store: Database) -> None:
    deleted = {"status": Status.DELETED, "status_before_deletion": Status.DISABLED}
    add(
        store,
        authority(),
        authority(status=Status.FAILED),
        authority(**deleted, restorable_until=NOW + timedelta(microseconds=1)),
        authority(**deleted, restorable_until=NOW),
        authority(**deleted, restorable_until=None),
        authority(arn=AuthorityArn("us-east-1", ACCOUNT, new_id())),
        authority(arn=AuthorityArn(REGION, "444455556666", new_id())),
    )
    assert store.view(lambda tx: ROWS.count(tx, ACCOUNT, REGION)) == 3
