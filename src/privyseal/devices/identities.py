"""The certificates that a device has had, and what is registered elsewhere for each.

    ISSUED → ACTIVE → RETIRING → WITHDRAWING → WITHDRAWN
       └───────────────────────────┘

ISSUED is signed and not yet released: registrars are at work, or a retry will resume what they
have begun. A device has one ACTIVE identity at most; the one before is RETIRING for a grace
period, in which it still works. WITHDRAWING is decided and cannot be taken back; it is what becomes
of all of them when the device is retired, and of each that is revoked (`ca.revocation.ports.Bearers`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from privyseal.x509.pem import to_pem


class IdentityState(StrEnum):
    ISSUED = "ISSUED"
    ACTIVE = "ACTIVE"
    RETIRING = "RETIRING"
    WITHDRAWING = "WITHDRAWING"
    WITHDRAWN = "WITHDRAWN"


# A device holds these and may use them.
RELEASED = frozenset({IdentityState.ACTIVE, IdentityState.RETIRING})
# Nobody can use these any more.
GONE = frozenset({IdentityState.WITHDRAWING, IdentityState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registrar is told about one certificate of a device."""

    account: str
    device_id: str
    certificate: str  # PEM
    chain: str  # PEM, from the issuer to the root; "" where the issuer gives none
    arn: str  # what the issuer calls the certificate
    reference: str = ""  # what `register` has returned; "" as long as it has not


@dataclass(frozen=True, slots=True)
class Identity:
    account: str
    device_id: str
    arn: str  # what the issuer calls the certificate
    csr_digest: bytes  # SHA-256 of the DER of the request
    requested_at: datetime  # of the claim
    certificate: bytes  # DER
    chain: str  # PEM
    issued_at: datetime
    not_after: datetime
    state: IdentityState
    due_at: datetime | None  # when somebody has to look after it: see `retirement.py`
    held: bool = False  # it was put on hold when its device was suspended

    @property
    def pem(self) -> str:
        return to_pem(self.certificate)

    def registration(self, reference: str = "") -> Registration:
        return Registration(self.account, self.device_id, self.pem, self.chain, self.arn, reference)
