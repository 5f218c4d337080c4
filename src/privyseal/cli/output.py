"""What commands print: one JSON document for programs, or lines for people."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))


def show_fields(fields: Mapping[str, object]) -> None:
    """`Name   value`, one a line; what is None or empty is left out."""
    shown = {name: value for name, value in fields.items() if value not in {None, ""}}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        click.echo(f"{name:<{width}}  {clean(str(value))}")


def show_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table whose columns are as wide as the first page of rows needs."""
    lines = [head, *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


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
