"""The contract of `ca.ports.Permissions`, for every store."""

from dataclasses import replace

import pytest

from privyseal.ca.model import Permission
from privyseal.store import UniqueError
from privyseal.stores.repositories.permissions import SqlPermissions
from tests.stores.conftest import Database
from tests.stores.rows import ACCOUNT, NOW

ROWS = SqlPermissions()
ROW = Permission("a", "acm.amazonaws.com", ACCOUNT, ("IssueCertificate", "GetCertificate"), NOW)


def add(store: Database, *rows: Permission) -> None:
    for row in rows:
        store.transact(lambda tx, each=row: ROWS.insert(tx, each))  # type: ignore[misc]


def of(store: Database, authority_id: str) -> list[Permission]:
    return list(store.view(lambda tx: ROWS.page(tx, authority_id, None, 100)))


def test_a_row_comes_back_as_it_was_stored(store: Database) -> None:
    other = replace(ROW, authority_id="b", actions=("ListPermissions",))
    add(store, ROW, other)
    assert of(store, "a") == [ROW]
    assert of(store, "b") == [other]
    assert of(store, "c") == []


def test_a_principal_has_one_for_each_account(store: Database) -> None:
    add(store, ROW, replace(ROW, source_account="444455556666"))
    with pytest.raises(UniqueError):
        add(store, replace(ROW, actions=("ListPermissions",)))
    assert len(of(store, "a")) == 2


def test_removing_takes_that_one_alone(store: Database) -> None:
    kept = [replace(ROW, authority_id="b"), replace(ROW, source_account="444455556666")]
    add(store, ROW, *kept)
    key = (ROW.authority_id, ROW.principal, ROW.source_account)
    assert store.transact(lambda tx: ROWS.remove(tx, *key))
    assert not store.transact(lambda tx: ROWS.remove(tx, *key))
    assert of(store, "a") + of(store, "b") == kept[::-1]


def test_pages_run_in_order_and_miss_nobody(store: Database) -> None:
    rows = [
        replace(ROW, principal=f"{name}.amazonaws.com", source_account=f"{n:012}")
        for name in ("b", "a")
        for n in range(4)
    ]
    add(store, *rows, replace(ROW, authority_id="b"))
    expected = sorted(rows, key=lambda row: (row.principal, row.source_account))
    for limit in (1, 3, 8, 9):
        seen: list[Permission] = []
        after = None
        while shown := store.view(lambda tx, at=after, most=limit: ROWS.page(tx, "a", at, most)):  # type: ignore[misc]
            assert len(shown) <= limit
            seen += shown
            after = (shown[-1].principal, shown[-1].source_account)
        assert seen == expected
