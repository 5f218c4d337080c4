"""What the device domain asks of the outside: a repository, and somebody who issues certificates.

Every repository method runs inside the transaction it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from privyseal.caller import Caller
from privyseal.devices.model import Claim, Device
from privyseal.store import Tx


class Insertion(Enum):
    """What became of a device that was to be inserted."""

    NEW = "new"
    UNCHANGED = "unchanged"  # it is there, with the same key
    CONFLICT = "conflict"  # it is there with another key, which stays


class Devices(Protocol):
    def find(self, tx: Tx, account: str, device_id: str) -> Device | None:
        """Ids are compared character by character: no folding of case, no normalisation."""
        ...

    def find_many(self, tx: Tx, account: str, ids: Sequence[str]) -> Mapping[str, Device]: ...

    def insert_many(self, tx: Tx, account: str, devices: Sequence[Device]) -> Sequence[Insertion]:
        """All of that account. Positional; an id that is twice in the list meets its first occurrence."""
        ...

    def page(self, tx: Tx, account: str, after: str | None, limit: int) -> Sequence[Device]:
        """In order of their ids (by code point), those after the given one."""
        ...

    def set_certificate(self, tx: Tx, account: str, device_id: str, arn: str, requested_at: datetime) -> bool:
        """Note the newest certificate; False if this one is noted, or one that was asked for later."""
        ...

    def find_claim(self, tx: Tx, account: str, device_id: str, csr_digest: bytes) -> Claim | None: ...

    def put_claim(self, tx: Tx, claim: Claim) -> None:
        """Add a claim, or renew the one of the same device and CSR."""
        ...

    def prune_claims(self, tx: Tx, until: datetime, limit: int) -> int:
        """Drop up to `limit` of the oldest claims requested at `until` or before; how many went."""
        ...


@dataclass(frozen=True, slots=True)
class IssuedDeviceCertificate:
    certificate: str  # PEM
    chain: str  # PEM, from the issuer to the root
    arn: str


class Issuer(Protocol):
    """Who issues: this service, AWS Private CA … One contract suite covers them all."""

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        """Issue, or give again what `token` has got within the last five minutes. Blocks.

        The caller has checked the CSR and has proved possession of its key. Raises PrivySealError:
        MALFORMED_CSR when the CSR itself cannot be used, THROTTLED or UNAVAILABLE when a retry may
        help, any other code when the issuer is not set up rightly.
        """
        ...
