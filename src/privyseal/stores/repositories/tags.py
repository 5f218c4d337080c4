"""`ca.ports.Tags` in SQL."""

from collections.abc import Sequence

from privyseal.ca.model import Tag
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql

_Q = queries("tag")


class SqlTags:
    def of(self, tx: Tx, resource: str) -> Sequence[Tag]:
        return [Tag(row["key"], row["value"]) for row in sql(tx).rows(_Q["of"], resource=resource)]

    def put(self, tx: Tx, resource: str, tags: Sequence[Tag]) -> None:
        many = ({"resource": resource, "key": tag.key, "value": tag.value} for tag in tags)
        sql(tx).change_each(_Q["put"], many)

    def remove(self, tx: Tx, resource: str, keys: Sequence[str]) -> None:
        sql(tx).change(_Q["remove"], resource=resource, keys=keys)
