"""The data directory: everything that one installation keeps, and who may read it (its owner).

privyseal.db       the database (beside it -wal, -shm and the writers' lock)
kek                the key-encryption key: without it the keys in the database do not open
environment.json   where the service is and the administrator's access key, for the command line
ca-bundle.pem      the root certificates, for whoever wants to trust them
tls/               the service's own certificate and key, where it serves TLS
buckets/           what is published where there is no S3: BUCKET/KEY
audit/             checkpoints of the audit trail, where `[audit]` names no other place
audit-key.pem      the public key that verifies them
lock               held by the one service that runs on this directory
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.wrapping import KEK_BYTES, Wrapper, new_kek


class DataDirectory:
    """Made with mode 0700 when it is missing; every file in it is 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "privyseal.db"
        self.kek = self.path / "kek"
        self.environment = self.path / "environment.json"
        self.bundle = self.path / "ca-bundle.pem"
        self.tls_certificate = self.path / "tls" / "server.pem"
        self.tls_key = self.path / "tls" / "server.key"
        self.buckets = self.path / "buckets"
        self.audit = self.path / "audit"
        self.audit_key = self.path / "audit-key.pem"

    def prepare(self) -> None:
        """Make the directory. Raises UNAVAILABLE, with what to do, when it cannot be used.

        From here on, whatever this process or its workers create is for their user alone.
        """
        os.umask(0o077)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.path, error.strerror or "it cannot be made") from None
        if self.path.stat().st_mode & 0o022:
            raise _unusable(self.path, "others may write there: chmod 700 it")
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise _unusable(self.path, "this user may not write there")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone on this directory; the kernel gives the lock back when the process ends, however."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self.path, error.strerror or "its lock cannot be opened") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _unusable(self.path, "a service is already running on it") from None
            yield
        finally:
            os.close(lock)

    def wrapper(self) -> Wrapper:
        """The key-encryption key, made at the very first start and never again."""
        if not self.kek.exists():
            if self.database.exists():
                raise _unusable(
                    self.path, "its key-encryption key (the file kek) is missing: restore it from the backup"
                )
            write_file(self.kek, [new_kek()])
        try:
            kek = self.kek.read_bytes()
        except OSError as error:
            raise _unusable(self.path, f"its file kek cannot be read ({error.strerror})") from None
        if self.kek.stat().st_mode & 0o077:
            raise _unusable(self.path, "others may read its file kek: chmod 600 it")
        if len(kek) != KEK_BYTES:
            raise _unusable(self.path, "its file kek is damaged: restore it from the backup")
        return Wrapper(kek)

    def keep_audit_key(self, pem: bytes) -> None:
        """Write the public key of the audit trail once. Raises UNAVAILABLE where another one is there."""
        if not self.audit_key.exists():
            write_file(self.audit_key, [pem])
        elif self.audit_key.read_bytes() != pem:
            raise _unusable(
                self.path,
                "its file audit-key.pem is not the key in the database: one of them has been replaced. "
                "If the file is what is wrong, move it away",
            )

    def read_environment(self) -> Mapping[str, Any]:
        """What the last start wrote about itself; empty before the first."""
        try:
            return dict(json.loads(self.environment.read_text()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError):
            raise _unusable(self.path, "its environment.json is damaged: restore or delete it") from None

    def write_environment(self, members: Mapping[str, Any]) -> None:
        write_file(self.environment, [json.dumps(members, indent=2).encode() + b"\n"])


def _unusable(path: Path, why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.UNAVAILABLE, f"The data directory {path} cannot be used: {why}.")
