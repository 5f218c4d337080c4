"""The records of the device domain: frozen values, as they are stored."""

from dataclasses import dataclass
from datetime import datetime

from privyseal.devices.states import State


@dataclass(frozen=True, slots=True)
class Device:
    """A device of an account: its id there and the key that it proves itself with.

    `certificate_arn` names the newest certificate, the one asked for at `certified_at`.
    """

    account: str
    id: str
    public_key: bytes  # DER SubjectPublicKeyInfo, as `x509.keys.public_key_der` writes it
    created_at: datetime
    certificate_arn: str | None = None
    certified_at: datetime | None = None
    state: State = State.REGISTERED
    batch: str | None = None  # the production lot, the fleet: whatever devices are handled by together


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A row of a list of devices, as it stands there: text that nobody has judged yet."""

    device_id: str
    public_key: str
    status: str | None = None  # a word of `states.IMPORTED`; `active` where there is none
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A device's request for a certificate: what makes a repetition of it a retry."""

    account: str
    device_id: str
    csr_digest: bytes  # SHA-256 of the DER
    requested_at: datetime
