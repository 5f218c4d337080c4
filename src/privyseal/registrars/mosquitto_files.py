"""The text of a broker's files, and writing them so that it never reads half of one."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.certificate import read_certificate
from privyseal.x509.pem import single_block, to_pem

ROOTS, CRLS, ACL = "ca.pem", "crl.pem", "acl"
_UNTOLD = ".untold"  # is there from before the first change until the broker has been told
_MODE = 0o644  # no secret is in them, and the broker may be another user

# Mosquitto gives a user with one of these in its name no topic at all: they are wildcards (MQTT 5.0 §4.7.1).
_WILDCARDS = frozenset("+#")


class Crl(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def read(self) -> Callable[[], bytes]: ...


def check_user(device_id: str) -> None:
    """Raises VALIDATION for an id that cannot be a user of the broker."""
    if not _WILDCARDS.isdisjoint(device_id):
        raise PrivySealError(
            ErrorCode.VALIDATION, f"The device id {device_id!r} has + or #, which MQTT takes for wildcards."
        )


def acl(topics: Iterable[str], barred: Iterable[str]) -> bytes:
    """Rules for everybody, then a block for each barred device: its denial wins."""
    lines = [f"pattern readwrite {topic}" for topic in topics]
    for device_id in sorted(barred):
        if _WILDCARDS.isdisjoint(device_id):  # such a one has no topic anyhow
            lines += ["", f"user {device_id}", "topic deny #"]
    return "\n".join([*lines, ""]).encode()


def write_changed(folder: Path, roots: str, crls: Sequence[Crl], rules: bytes) -> bool:
    """Whether anything was to be written. Without a CRL the old file stays: the broker needs one to start."""
    head = _head(crls)
    wanted: dict[str, Callable[[], bytes]] = {}
    if _content(folder / ROOTS) != roots.encode():
        wanted[ROOTS] = roots.encode
    if crls and _content(folder / CRLS, len(head)) != head:
        wanted[CRLS] = lambda: head + b"".join(_pem(each) for each in crls)
    if _content(folder / ACL) != rules:
        wanted[ACL] = lambda: rules
    if not wanted:
        return False
    try:
        write_file(folder / _UNTOLD, [], mode=_MODE)
        for name, content in wanted.items():
            write_file(folder / name, [content()], mode=_MODE)
    except OSError as error:
        raise unwritable(folder, error) from error
    return True


def check_writable(folder: Path) -> None:
    """Make the folder where it is not there. Raises UNAVAILABLE when no file can be made in it."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unwritable(folder, error) from error


def is_untold(folder: Path) -> bool:
    return (folder / _UNTOLD).exists()


def told(folder: Path) -> None:
    (folder / _UNTOLD).unlink(missing_ok=True)


def issuer_of(certificate_pem: str) -> bytes:
    """DER of its issuer's name."""
    return read_certificate(single_block(certificate_pem.encode(), "CERTIFICATE")).issuer.raw


def subject_of(certificate_pem: str) -> bytes:
    """DER of its own name."""
    return read_certificate(single_block(certificate_pem.encode(), "CERTIFICATE")).subject.raw


def unwritable(folder: Path, error: OSError) -> PrivySealError:
    return PrivySealError(
        ErrorCode.UNAVAILABLE, f"The broker's files in {folder} cannot be written: {error.strerror}."
    )


def _head(crls: Sequence[Crl]) -> bytes:
    """A line that says which CRLs the file has; text before a BEGIN line means nothing (RFC 7468 §2)."""
    return f"CRLs {' '.join(each.id for each in crls)}\n".encode()


def _pem(crl: Crl) -> bytes:
    return f"{to_pem(crl.read(), 'X509 CRL')}\n".encode()


def _content(path: Path, length: int = -1) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError:
        return None
