"""What the requests of serverless-ca need of the outside. Adapters and tests implement these protocols."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from privyseal.serverless.model import Issue
from privyseal.store import Tx


class Issues(Protocol):
    """Certificates of serverless-ca's contract."""

    def insert(self, tx: Tx, issue: Issue) -> None: ...

    def named(
        self, tx: Tx, account: str, common_name: str, before: tuple[datetime, int] | None, limit: int
    ) -> Sequence[Issue]:
        """Of one common name, the newest first; those before a (issued_at, serial)."""
        ...

    def has(self, tx: Tx, account: str, common_name: str, key_digest: bytes) -> bool:
        """Whether the key has a certificate of that common name."""
        ...


class KeyClaims(Protocol):
    """Who is about to get a certificate for a key, so that two requests at once do not both get one."""

    def claim(self, tx: Tx, key_digest: bytes, holder: str, until: datetime) -> bool:
        """Have the key until then; False while another holder has it. A claim that ran out is nobody's."""
        ...

    def release(self, tx: Tx, key_digest: bytes, holder: str) -> None:
        """Give the key back: it has its certificate, or will have none."""
        ...


class CsrFiles(Protocol):
    """The files that `csr_file` names."""

    @property
    def bucket(self) -> str:
        """What a refusal calls the place."""
        ...

    def read(self, name: str) -> bytes | None:
        """None where there is no such file. Raises UNAVAILABLE where nobody can tell now."""
        ...


class KnownSubjects(Protocol):
    """The entries of GitOps, by their subject."""

    def matches(self, tx: Tx, common_name: str, organization: str, organizational_unit: str) -> bool:
        """Whether an entry has this common name, and the other two where both have them."""
        ...
