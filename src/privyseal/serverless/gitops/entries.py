"""The entries of tls.json, revoked.json and revoked-root-ca.json, read strictly and one by one.

A bad entry is told by its place and stops no other. Source: serverless-ca, "Client Certificates"
(GitOps) and "Revocation".
"""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from privyseal import strict_json
from privyseal.serverless.gitops.snapshot import REVOKED, REVOKED_ROOT, TLS, Snapshot

MAX_ENTRIES: Final = 10_000  # in one file
MAX_SERIAL: Final = 2**160  # RFC 5280 §4.1.2.2: 20 octets
_DECIMAL = re.compile(r"\A[0-9]{1,49}\Z")
_SHOWN: Final = 128
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """An entry of tls.json: a request as the certificate function takes it."""

    number: int  # from 1
    event: Mapping[str, Any]

    @property
    def common_name(self) -> str:
        return shown(self.event.get("common_name"))


@dataclass(frozen=True, slots=True)
class RevocationEntry:
    """`file` says of which authority the certificate is."""

    file: str
    number: int
    common_name: str
    serial: int
    reason: str


@dataclass(frozen=True, slots=True)
class BadEntry:
    """`number` is 0 where the whole file is meant."""

    file: str
    number: int
    common_name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Entries:
    requests: Sequence[RequestEntry]
    revocations: Sequence[RevocationEntry]
    bad: Sequence[BadEntry]


class _Problem(Exception):  # noqa: N818 - it is told, nothing has gone wrong
    pass


def read(snapshot: Snapshot) -> Entries:
    bad = [BadEntry(path, 0, "", why) for path, why in snapshot.problems]

    def each(file: str, made: Callable[[str, int, Any], T]) -> list[T]:
        found = []
        for number, item in enumerate(_items(file, snapshot.files, bad), 1):
            try:
                found.append(made(file, number, item))
            except _Problem as problem:
                name = item.get("common_name") if isinstance(item, dict) else None
                bad.append(BadEntry(file, number, shown(name), str(problem)))
        return found

    revocations = each(REVOKED_ROOT, _revocation) + each(REVOKED, _revocation)
    return Entries(each(TLS, _request), revocations, bad)


def shown(name: Any) -> str:
    """A common name as far as it can be shown: of an entry that is bad, too."""
    return name[:_SHOWN] if isinstance(name, str) else ""


def _items(file: str, files: Mapping[str, bytes], bad: list[BadEntry]) -> Sequence[Any]:
    """Nothing where there is no such file, or nothing that can be read."""
    if file not in files:
        return ()
    try:
        return _list(files[file])
    except _Problem as problem:
        bad.append(BadEntry(file, 0, "", str(problem)))
        return ()


def _list(content: bytes) -> Sequence[Any]:
    found = _json(content)
    if not isinstance(found, list):
        raise _Problem("the file must have one JSON list")
    if len(found) > MAX_ENTRIES:
        raise _Problem(f"the file has more than {MAX_ENTRIES} entries")
    return found


def _request(_file: str, number: int, item: Any) -> RequestEntry:
    if not isinstance(item, dict):
        raise _Problem("an entry must be a JSON object")
    chain_only = item.get("ca_chain_only")
    if chain_only is not None and chain_only is not False:
        raise _Problem("ca_chain_only asks for no certificate: leave it out")
    return RequestEntry(number, item)


def _revocation(file: str, number: int, item: Any) -> RevocationEntry:
    if not isinstance(item, dict):
        raise _Problem("an entry must be a JSON object")
    name, serial, reason = item.get("common_name"), item.get("serial_number"), item.get("reason")
    if not isinstance(name, str) or not name:
        raise _Problem("common_name is missing")
    if isinstance(serial, int) and not isinstance(serial, bool):
        number_of = serial
    elif isinstance(serial, str) and _DECIMAL.match(serial):
        number_of = int(serial)
    else:
        raise _Problem("serial_number must be a decimal number")
    if not 0 < number_of < MAX_SERIAL:
        raise _Problem("serial_number is not a certificate's")
    if reason is not None and not isinstance(reason, str):
        raise _Problem("reason must be a text")
    return RevocationEntry(file, number, shown(name), number_of, reason or "UNSPECIFIED")


def _json(content: bytes) -> Any:
    try:
        return strict_json.load(content.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        raise _Problem(f"the file is not JSON: {str(error)[:200]}") from None
