"""The tables of the shelves: a name from the settings becomes a class."""

import importlib
from collections.abc import Callable
from typing import Any


def row(table: dict[str, str], name: str) -> Callable[..., Any]:
    """Import what a shelf's table names: optional dependencies load only when their row is used."""
    module, _, attribute = table[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found
