"""The contract of `ca.ports.Policies`, for every store."""

from privyseal.stores.repositories.policies import SqlPolicies
from tests.stores.conftest import Database

ROWS = SqlPolicies()


def find(store: Database, authority_id: str) -> str | None:
    return store.view(lambda tx: ROWS.find(tx, authority_id))


def put(store: Database, authority_id: str, document: str) -> None:
    store.transact(lambda tx: ROWS.put(tx, authority_id, document))


def test_a_document_comes_back_letter_by_letter(store: Database) -> None:
    document = '{ "Version": "2012-10-17",\n\t"Id": "\u00fc\u00ff" }'
    put(store, "a", document)
    assert find(store, "a") == document
    assert find(store, "b") is None


def test_the_newer_one_replaces_the_older(store: Database) -> None:
    put(store, "a", "1")
    put(store, "b", "other")
    put(store, "a", "2")
    assert (find(store, "a"), find(store, "b")) == ("2", "other")


def test_removing_says_whether_there_was_one(store: Database) -> None:
    put(store, "a", "1")
    put(store, "b", "2")
    assert store.transact(lambda tx: ROWS.remove(tx, "a"))
    assert not store.transact(lambda tx: ROWS.remove(tx, "a"))
    assert (find(store, "a"), find(store, "b")) == (None, "2")
