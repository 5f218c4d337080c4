"""Lists of devices, read record by record: CSV with a header, or JSON lines.

Both say `device_id` and `public_key`, which stay text here: the service parses keys and judges ids.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from privyseal.errors import ErrorCode, PrivySealError

MEMBERS = ("device_id", "public_key")
MAX_LINE = 128 * 1024  # also the most that the csv module takes for one field
MAX_TEXT = 64 * 1024  # of an id or a key: far above what the service takes, far below a call's limit


@dataclass(frozen=True, slots=True)
class Device:
    line: int  # where its record begins, from 1
    device_id: str
    public_key: str


@dataclass(frozen=True, slots=True)
class BadRecord:
    line: int
    message: str


def read_devices(file: BinaryIO) -> Iterator[Device | BadRecord]:
    """The records, in order. Raises PrivySealError where reading cannot go on."""
    lines = _lines(file)
    first = next(lines, None)
    if first is None:
        raise _unreadable(1, "the file is empty")
    rest = _Numbered(first, lines)
    return _json_records(rest) if first.lstrip().startswith("{") else _csv_records(rest)


class _Numbered(Iterator[str]):
    """The lines again, with the number of the latest."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._first: str | None = first
        self._rest = rest
        self.number = 0

    def __next__(self) -> str:
        line, self._first = self._first, None
        if line is None:
            line = next(self._rest)
        self.number += 1
        return line


def _lines(file: BinaryIO) -> Iterator[str]:
    """Decoded lines with their ends; a byte order mark (Excel writes one) is dropped."""
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            raise _unreadable(number, f"the line is longer than {MAX_LINE} bytes")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _unreadable(number, "the line is not UTF-8") from error


def _csv_records(lines: _Numbered) -> Iterator[Device | BadRecord]:
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
        if sorted(header) != sorted(MEMBERS):
            raise _unreadable(
                1, f"the header is not {','.join(MEMBERS)}, and the line is no JSON object either"
            )
        id_at, key_at = (header.index(name) for name in MEMBERS)
        begin = lines.number + 1
        for row in reader:
            if len(row) == len(MEMBERS):
                yield _device(begin, row[id_at], row[key_at])
            elif row:
                yield BadRecord(begin, f"the record has {len(row)} fields, not {len(MEMBERS)}")
            begin = lines.number + 1
    except csv.Error as error:
        raise _unreadable(lines.number, f"the file is not CSV: {error}") from error


def _json_records(lines: _Numbered) -> Iterator[Device | BadRecord]:
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or set(record) != set(MEMBERS):
            yield BadRecord(lines.number, f"the line is not a JSON object with {' and '.join(MEMBERS)}")
        elif not all(isinstance(value, str) for value in record.values()):
            yield BadRecord(lines.number, f"{' and '.join(MEMBERS)} are text")
        else:
            yield _device(lines.number, record["device_id"], record["public_key"])


def _device(line: int, device_id: str, public_key: str) -> Device | BadRecord:
    if not device_id or not public_key:
        return BadRecord(line, f"the {'public_key' if device_id else 'device_id'} is empty")
    if len(device_id) > MAX_TEXT or len(public_key) > MAX_TEXT:
        return BadRecord(line, f"the record is longer than {MAX_TEXT} characters")
    return Device(line, device_id, public_key)


def _unreadable(line: int, message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, f"line {line}: {message}")
