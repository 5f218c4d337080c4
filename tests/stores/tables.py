"""Whole tables, to compare them before and after."""

from typing import Any

from privyseal.store import Store
from privyseal.stores.sql import sql

Row = dict[str, Any]


def rows_of(store: Store, table: str, where: str = "TRUE", columns: str = "*") -> list[Row]:
    """The rows of a table for which `where` holds, in the order of all of their columns."""
    rows = store.view(lambda tx: sql(tx).rows(f"SELECT {columns} FROM {table} WHERE {where}"))
    return sorted(map(dict, rows), key=repr)
