"""The contract of `access.ports.AccessKeys`, for every store."""

from dataclasses import replace
from pathlib import Path

import pytest

from privyseal.access.model import AccessKey, new_access_key
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import UniqueError
from privyseal.stores.repositories.access_keys import SqlAccessKeys
from privyseal.wrapping import Wrapper, new_kek
from tests.stores.conftest import Database

KEY = new_access_key("111122223333", region="us-east-1")


@pytest.fixture(name="rows")
def rows_fixture() -> SqlAccessKeys:
    return SqlAccessKeys(Wrapper(new_kek()))


def find(store: Database, rows: SqlAccessKeys, key_id: str) -> AccessKey | None:
    return store.view(lambda tx: rows.find(tx, key_id))


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("admin", [True, False])
def test_a_key_comes_back_as_it_was_stored(
    store: Database, rows: SqlAccessKeys, active: bool, admin: bool
) -> None:
    key = replace(KEY, active=active, admin=admin)
    store.transact(lambda tx: rows.insert(tx, key))
    assert store.view(lambda tx: rows.find(tx, key.id)) == key


def test_an_unknown_id_finds_nothing(store: Database, rows: SqlAccessKeys) -> None:
    store.transact(lambda tx: rows.insert(tx, KEY))
    for unknown in ("", KEY.id.lower(), f"{KEY.id}A", "' OR 1=1 --"):
        assert find(store, rows, unknown) is None


def test_an_id_is_taken_only_once(store: Database, rows: SqlAccessKeys) -> None:
    store.transact(lambda tx: rows.insert(tx, KEY))
    with pytest.raises(UniqueError):
        store.transact(lambda tx: rows.insert(tx, replace(KEY, secret="other")))
    assert store.view(lambda tx: rows.find(tx, KEY.id)) == KEY


def test_a_secret_opens_only_with_the_key_it_was_wrapped_with(store: Database, rows: SqlAccessKeys) -> None:
    store.transact(lambda tx: rows.insert(tx, KEY))
    stranger = SqlAccessKeys(Wrapper(new_kek()))
    with pytest.raises(PrivySealError) as refusal:
        store.view(lambda tx: stranger.find(tx, KEY.id))
    assert refusal.value.code is ErrorCode.UNAVAILABLE


def test_no_secret_is_written_in_clear(store: Database, rows: SqlAccessKeys, tmp_path: Path) -> None:
    store.transact(lambda tx: rows.insert(tx, KEY))
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY.secret.encode() not in written
    assert KEY.id.encode() in written or not written  # the memory store writes nothing at all
