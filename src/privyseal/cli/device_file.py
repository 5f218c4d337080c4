"""Lists of devices, read record by record and written again: CSV with a header, or JSON lines.

Both say `device_id` and `public_key`, and may say `status` and `batch`. Everything stays text here:
the service parses keys, and judges the rest.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError

MEMBERS = ("device_id", "public_key")
OPTIONAL = ("status", "batch")
MAX_LINE = 128 * 1024  # also the most that the csv module takes for one field
MAX_TEXT = 64 * 1024  # of a member: far above what the service takes, far below a call's limit


@dataclass(frozen=True, slots=True)
class Device:
    line: int  # where its record begins, from 1
    device_id: str
    public_key: str
    status: str | None = None
    batch: str | None = None


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


def csv_line(fields: tuple[str, ...]) -> str:
    """One record as CSV, without a line end."""
    text = io.StringIO()
    # The writer puts quotes around what it finds in its own line end.
    csv.writer(text, lineterminator="\r\n").writerow(fields)
    return text.getvalue().removesuffix("\r\n")


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
    """Decoded lines with their ends; a byte order mark (Excel writes one) is dropped.

    After the first one, what is wrong with a line is about its record alone. `_is_text` finds what is not
    UTF-8. Of a line that is too long the rest is dropped: what is left of it is too long for a record, too.
    """
    first = file.readline(MAX_LINE + 1)
    if len(first) > MAX_LINE:
        raise _unreadable(1, f"the line is longer than {MAX_LINE} bytes")
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(1, "the line is not UTF-8") from error
    if text:
        yield text
    while raw := file.readline(MAX_LINE + 1):
        if len(raw) > MAX_LINE:
            _skip_rest(file, raw)
            raw = raw.rstrip(b"\n") + b"\n"
        yield raw.decode("utf-8", "surrogateescape")


def _skip_rest(file: BinaryIO, begun: bytes) -> None:
    """Up to the end of the line that has begun."""
    while begun and not begun.endswith(b"\n"):
        begun = file.readline(MAX_LINE)


def _csv_records(lines: _Numbered) -> Iterator[Device | BadRecord]:
    """After a record that is none, the reader goes on with the next line."""
    reader = csv.reader(lines, strict=True)
    header = _header(reader)
    while True:
        begin = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lasts = f", up to line {lines.number}" if lines.number > begin else ""
            yield BadRecord(begin, f"the record is not CSV{lasts}: {error}")
            continue
        if len(row) == len(header):
            yield _device(begin, dict(zip(header, row, strict=True)))
        elif row:
            yield BadRecord(begin, f"the record has {len(row)} fields, not {len(header)}")


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise _unreadable(1, f"the header is not CSV: {error}") from error
    if len(set(header)) != len(header) or not _has_members(set(header)):
        raise _unreadable(
            1,
            f"the header is not {','.join(MEMBERS)} ({' and '.join(OPTIONAL)} may be there), "
            "and the line is no JSON object either",
        )
    return header


def _json_records(lines: _Numbered) -> Iterator[Device | BadRecord]:
    for line in lines:
        if not line.strip():
            continue
        try:
            record = strict_json.load(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not _has_members(set(record)):
            message = f"the line is not a JSON object with {' and '.join(MEMBERS)}"
            yield BadRecord(lines.number, f"{message}; {' and '.join(OPTIONAL)} may be there")
        elif not all(isinstance(value, str) for value in record.values()):
            yield BadRecord(lines.number, f"{', '.join(record)} are text")
        else:
            yield _device(lines.number, record)


def _has_members(names: set[str]) -> bool:
    return set(MEMBERS) <= names <= {*MEMBERS, *OPTIONAL}


def _device(line: int, record: Mapping[str, str]) -> Device | BadRecord:
    """What is optional and empty is not there: a column has a cell in every row."""
    if not all(map(_is_text, record.values())):
        return BadRecord(line, "the record is not UTF-8")
    for name in MEMBERS:
        if not record[name]:
            return BadRecord(line, f"the {name} is empty")
    if any(len(text) > MAX_TEXT for text in record.values()):
        return BadRecord(line, f"the record is longer than {MAX_TEXT} characters")
    return Device(line, *(record[name] for name in MEMBERS), *(record.get(name) or None for name in OPTIONAL))


def _is_text(value: str) -> bool:
    """Whether it was UTF-8: what was not is half a character each."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(line: int, message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, f"line {line}: {message}")
