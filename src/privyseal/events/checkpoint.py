"""A checkpoint: what the journal was at one moment, signed.

The body is canonical JSON (keys sorted, no white space, ASCII), and its bytes are what is signed:

    format    "privyseal-checkpoint/1"
    number    1, 2, 3 …
    at        when it was made (RFC 3339, UTC, microseconds)
    size      leaves in the tree so far
    root      of the RFC 6962 tree over all of them, hex
    previous  SHA-256 of the body before, hex; of the first one 64 zeros
    key       the id of the key that signed: SHA-256 of its SubjectPublicKeyInfo, hex
    spans     [[writer, first, last, head], …]: the rows that came into the tree, in the order of
              their leaves, and the digest of each span's last row, hex

A head commits to its whole chain and a checkpoint to the one before, so each checkpoint commits to
the newest head of every chain, although it names only those that have moved.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privyseal.events.journal import canonical

FORMAT = "privyseal-checkpoint/1"
BEFORE_THE_FIRST = "0" * 64
_MEMBERS = {"format": str, "number": int, "at": str, "size": int, "root": str, "previous": str, "key": str}


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `last` of a writer; `head` is the digest of row `last`."""

    writer: str
    first: int
    last: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    number: int
    at: datetime
    size: int
    root: bytes
    previous: str
    key: str
    spans: Sequence[Span]

    def body(self) -> str:
        return canonical(
            {
                "format": FORMAT,
                "number": self.number,
                "at": self.at.isoformat(timespec="microseconds"),
                "size": self.size,
                "root": self.root.hex(),
                "previous": self.previous,
                "key": self.key,
                "spans": [[span.writer, span.first, span.last, span.head.hex()] for span in self.spans],
            }
        )

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Raises ValueError for whatever `body` would not have written in exactly this way."""
        found = json.loads(body)
        if not isinstance(found, dict) or found.keys() != {*_MEMBERS, "spans"}:
            raise ValueError("not the members of a checkpoint")
        if any(type(found[name]) is not kind for name, kind in _MEMBERS.items()) or found["format"] != FORMAT:
            raise ValueError("a member of another type, or another format")
        made = cls(
            found["number"],
            datetime.fromisoformat(found["at"]),
            found["size"],
            bytes.fromhex(found["root"]),
            found["previous"],
            found["key"],
            [_span(each) for each in _list(found["spans"])],
        )
        if made.body() != body:
            raise ValueError("not written canonically")
        return made


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is stored: `frontier` lets the tree grow on, and is checked against the root."""

    number: int
    body: str
    signature: bytes
    frontier: bytes

    @property
    def digest(self) -> str:
        """What the next one names as `previous`."""
        return digest(self.body)

    def line(self) -> str:
        """One line of JSON for a sink: whoever has the public key can check it with nothing else."""
        return exported(self.body, self.signature)


def digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def exported(body: str, signature: bytes) -> str:
    return canonical({"checkpoint": body, "signature": base64.b64encode(signature).decode()})


def read_exported(line: str) -> tuple[Checkpoint, str, bytes]:
    """The checkpoint, its body and its signature. Raises ValueError."""
    found = json.loads(line)
    if not isinstance(found, dict) or found.keys() != {"checkpoint", "signature"}:
        raise ValueError("not an exported checkpoint")
    body, signature = found["checkpoint"], found["signature"]
    if not (isinstance(body, str) and isinstance(signature, str)):
        raise ValueError("not an exported checkpoint")  # noqa: TRY004 - what is read is wrong
    try:
        return Checkpoint.parse(body), body, base64.b64decode(signature, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004 - what is read is wrong, not the program
    return value


def _span(value: Any) -> Span:
    writer, first, last, head = _list(value)
    if not (type(writer) is str and type(first) is int and type(last) is int and type(head) is str):
        raise ValueError("not a span")
    return Span(writer, first, last, bytes.fromhex(head))
