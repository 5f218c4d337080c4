"""`managed.search.CertificateSearch` in SQL, and the rows that it reads."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.search import NEVER, Order, Place, Searched, SortBy, Where, searched
from privyseal.store import Tx
from privyseal.stores.repositories import managed_tallies
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("managed_search")
_TIMES = ("issued_at", "imported_at", "revoked_at", "not_before", "not_after")
_LISTS = ("names", "usages", "purposes")
_FLAGS = ("eligible", "exported", "in_use")
_TEXTS = (
    "id",
    "account",
    "region",
    "status",
    "renewal_status",
    "kind",
    "origin",
    "export_option",
    "key_algorithm",
    "domain",
    "serial",
)


class SqlCertificateSearch:
    def walk(self, tx: Tx, where: Where, order: Order, after: Place | None, limit: int) -> Sequence[Searched]:
        direction = "down" if order.descending else "up"
        values = {**where._asdict(), "limit": limit}
        if after is None:
            return _all(sql(tx).rows(_along(f"first_{direction}", order.by), **values))
        value, certificate_id = after
        query = _along(f"next_{direction}", order.by)
        return _all(sql(tx).rows(query, **values, value=value, id=certificate_id))

    def by_id(self, tx: Tx, where: Where, certificate_id: str) -> Sequence[Searched]:
        return _all(sql(tx).rows(_Q["by_id"], **where._asdict(), id=certificate_id))

    def by_serial(self, tx: Tx, where: Where, serial: str, limit: int) -> Sequence[Searched]:
        return _all(sql(tx).rows(_Q["by_serial"], **where._asdict(), serial=serial, limit=limit))

    def by_domain(self, tx: Tx, where: Where, domain: str, limit: int) -> Sequence[Searched]:
        return _all(sql(tx).rows(_Q["by_domain"], **where._asdict(), domain=domain, limit=limit))

    def by_name(self, tx: Tx, where: Where, name: str, limit: int) -> Sequence[Searched]:
        return _all(sql(tx).rows(_Q["by_name"], **where._asdict(), name=name, limit=limit))


def put(tx: Tx, certificate: ManagedCertificate) -> None:
    """The row of a certificate as it is after this transaction: who writes the one writes the other."""
    row = searched(certificate)
    managed_tallies.count(tx, row.id, row)
    sql(tx).change(_Q["put"], **_columns(row))
    before = {each["name"] for each in sql(tx).rows(_Q["names_of"], id=row.id)}
    if before != set(row.names):
        sql(tx).change(_Q["remove_names"], id=row.id)
        key = {"account": row.account, "region": row.region, "id": row.id}
        sql(tx).change_each(_Q["put_name"], ({**key, "name": name} for name in row.names))


def remove(tx: Tx, certificate_id: str) -> None:
    managed_tallies.count(tx, certificate_id, None)
    sql(tx).change(_Q["remove"], id=certificate_id)
    sql(tx).change(_Q["remove_names"], id=certificate_id)


@cache
def _along(name: str, column: SortBy) -> str:
    """The query with the column in it: one of the enumeration, never a text from outside."""
    return _Q[name].replace("{column}", column.value)


def _columns(row: Searched) -> Mapping[str, Any]:
    return {
        "created_at": to_micros(row.created_at),
        **{name: getattr(row, name) for name in _TEXTS},
        **{name: _stored(getattr(row, name)) for name in _TIMES},
        **{name: int(getattr(row, name)) for name in _FLAGS},
        **{name: json.dumps(getattr(row, name)) for name in _LISTS},
    }


def _stored(at: datetime | None) -> int | None:
    return NEVER if at is None else to_micros(at)


def _all(rows: Sequence[Row]) -> Sequence[Searched]:
    return [_searched(row) for row in rows]


def _searched(row: Row) -> Searched:
    return Searched(
        id=row["id"],
        account=row["account"],
        region=row["region"],
        created_at=time_of(row["created_at"]),
        issued_at=_read(row["issued_at"]),
        imported_at=_read(row["imported_at"]),
        revoked_at=_read(row["revoked_at"]),
        not_before=_read(row["not_before"]),
        not_after=_read(row["not_after"]),
        status=row["status"],
        renewal_status=row["renewal_status"],
        eligible=bool(row["eligible"]),
        kind=row["kind"],
        origin=row["origin"],
        export_option=row["export_option"],
        exported=bool(row["exported"]),
        in_use=bool(row["in_use"]),
        key_algorithm=row["key_algorithm"],
        domain=row["domain"],
        serial=row["serial"],
        names=tuple(json.loads(row["names"])),
        usages=tuple(json.loads(row["usages"])),
        purposes=tuple(json.loads(row["purposes"])),
    )


def _read(value: int) -> datetime | None:
    return None if value == NEVER else time_of(value)
