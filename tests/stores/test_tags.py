"""The contract of `ca.ports.Tags`, for every store."""

from privyseal.ca.model import Tag
from privyseal.store import Tx
from privyseal.stores.repositories.tags import SqlTags
from tests.stores.conftest import Database

ROWS = SqlTags()


def of(store: Database, resource: str) -> list[Tag]:
    return list(store.view(lambda tx: ROWS.of(tx, resource)))


def put(store: Database, *tags: Tag) -> None:
    store.transact(lambda tx: ROWS.put(tx, "r", tags))


def test_tags_come_in_order_of_their_keys(store: Database) -> None:
    tags = [Tag("ß", "1"), Tag("a", None), Tag("B", ""), Tag("a b", "x")]
    put(store, *tags)
    assert of(store, "r") == sorted(tags, key=lambda tag: tag.key)


def test_a_key_belongs_to_its_resource(store: Database) -> None:
    def write(tx: Tx) -> None:
        ROWS.put(tx, "r", [Tag("k", "r")])
        ROWS.put(tx, "s", [Tag("k", "s")])

    store.transact(write)
    store.transact(lambda tx: ROWS.remove(tx, "r", ["k"]))
    assert (of(store, "r"), of(store, "s")) == ([], [Tag("k", "s")])


def test_the_same_key_again_replaces_the_value(store: Database) -> None:
    for tag in (Tag("k", "1"), Tag("k", None), Tag("k", "2")):
        put(store, tag)
        assert of(store, "r") == [tag]


def test_keys_differ_by_case(store: Database) -> None:
    put(store, Tag("key", "1"), Tag("KEY", "2"))
    store.transact(lambda tx: ROWS.remove(tx, "r", ["key"]))
    assert of(store, "r") == [Tag("KEY", "2")]


def test_removing_takes_what_is_there_and_nothing_else(store: Database) -> None:
    put(store, Tag("a", None), Tag("b", None), Tag("c", None))
    store.transact(lambda tx: ROWS.remove(tx, "r", ["a", "c", "missing"]))
    assert of(store, "r") == [Tag("b", None)]
    store.transact(lambda tx: ROWS.remove(tx, "r", []))
    assert of(store, "r") == [Tag("b", None)]
