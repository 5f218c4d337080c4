"""`managed.ports.Imports` in SQL."""

from datetime import datetime

from privyseal.managed.limits import IMPORTS_COUNT_FOR
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros

_Q = queries("managed_import")


class SqlImports:
    def now(self, tx: Tx, account: str, region: str) -> int:
        row = sql(tx).row(_Q["now"], account=account, region=region)
        return int(row["certificates"]) if row else 0

    def counting(self, tx: Tx, account: str, region: str) -> int:
        row = sql(tx).row(_Q["since"], account=account, region=region, since=_since(tx))
        assert row is not None
        return int(row["certificates"])

    def added(self, tx: Tx, account: str, region: str) -> None:
        place = {"account": account, "region": region}
        sql(tx).change(_Q["change_now"], **place, change=1)
        sql(tx).change(_Q["add"], **place, day=_day(tx.now))
        sql(tx).change(_Q["forget"], **place, since=_since(tx))

    def removed(self, tx: Tx, account: str, region: str) -> None:
        sql(tx).change(_Q["change_now"], account=account, region=region, change=-1)


def _since(tx: Tx) -> int | None:
    """The last day that no longer counts."""
    return _day(tx.now - IMPORTS_COUNT_FOR)


def _day(at: datetime) -> int | None:
    return to_micros(at.replace(hour=0, minute=0, second=0, microsecond=0))
