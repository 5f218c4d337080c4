"""What commands print: one JSON document for programs, or lines for people."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import click

WIDTH_FROM = 100  # rows


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))


def show_fields(fields: Mapping[str, object]) -> None:
    """`Name   value`, one a line; what is None or empty is left out."""
    shown = {name: value for name, value in fields.items() if value not in {None, ""}}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        click.echo(f"{name:<{width}}  {clean(str(value))}")


def show_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table. It is printed as the rows come, so the first of them decide how wide the columns are."""
    rest = iter(rows)
    first = [head, *islice(rest, WIDTH_FROM)]
    widths = [max(len(clean(row[column])) for row in first) for column in range(len(head))]
    for row in chain(first, rest):
        cells = (clean(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def clean(text: str) -> str:
    """Text from elsewhere, safe for a terminal: control and format characters are escaped."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\u{{{ord(character):x}}}"
        for character in text
    )


def rfc3339(moment: float | datetime) -> str:
    """Epoch seconds (as in AWS JSON) or a time, as `2026-01-31T12:00:00Z`."""
    time = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
