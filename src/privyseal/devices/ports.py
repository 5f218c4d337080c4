"""What the device domain asks of the outside: a repository, and somebody who issues certificates.

Every repository method runs inside the transaction it is given.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from privyseal.caller import Caller
from privyseal.devices.identities import Registration
from privyseal.devices.model import Claim, Device, ListedDevice
from privyseal.devices.states import State
from privyseal.errors import PrivySealError
from privyseal.store import Tx


@dataclass(frozen=True, slots=True)
class Selection:
    """Which devices a list is to have; what is None does not matter."""

    prefix: str = ""  # of the id, compared by code points
    state: State | None = None
    batch: str | None = None


class DeviceSource(Protocol):
    """A list of devices elsewhere. One contract suite covers them all."""

    def find(self, device_id: str) -> ListedDevice | None:
        """The row with exactly that id. Blocks. Raises UNAVAILABLE when the list cannot be asked,
        VALIDATION for a row that cannot be read.
        """
        ...

    def rows(self) -> Iterator[ListedDevice | PrivySealError]:
        """All of them, in the order of the list; an error in the place of a row that cannot be read.
        Raises as `find` does.
        """
        ...

    def count(self) -> int:
        """About how many rows there are: for a progress bar."""
        ...


class Devices(Protocol):
    def find(self, tx: Tx, account: str, device_id: str) -> Device | None:
        """Ids are compared character by character: no folding of case, no normalisation."""
        ...

    def find_many(self, tx: Tx, account: str, ids: Sequence[str]) -> Mapping[str, Device]: ...

    def insert_many(self, tx: Tx, account: str, devices: Sequence[Device]) -> Sequence[Device | None]:
        """All of that account. Positional: None for a device that is new, or the one that is there
        under its id and stays as it is. An id that is twice in the list meets its first occurrence.
        """
        ...

    def page(
        self, tx: Tx, account: str, selection: Selection, after: str | None, limit: int
    ) -> Sequence[Device]:
        """Those selected, in order of their ids (by code point), after the given one."""
        ...

    def set_state(self, tx: Tx, device: Device, state: State) -> bool:
        """False, and no change, where the state is no longer that of `device`."""
        ...

    def set_key(self, tx: Tx, device: Device, public_key: bytes) -> bool:
        """False, and no change, where the key is no longer that of `device`."""
        ...

    def set_certificate(self, tx: Tx, account: str, device_id: str, arn: str, requested_at: datetime) -> bool:
        """Note the newest certificate; False if this one is noted, or one that was asked for later.

        A registered device becomes an active one.
        """
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


class Revoker(Protocol):
    """Whose certificates can be revoked: an issuer's other side."""

    def revoke(self, arn: str, caller: Caller, reason: str) -> bool:
        """False for a certificate that is not this issuer's; else it is revoked, or has been, or has
        expired. `reason` is one of acm-pca's RevocationReason. Blocks. Raises as `Issuer.issue` does.
        """
        ...


class Holder(Protocol):
    """Whose certificates can be held for a while, in the transaction that is given.

    What it has not issued, or can never be used again, it leaves alone.
    """

    def hold(self, tx: Tx, caller: Caller, arns: Sequence[str]) -> Sequence[str]:
        """Those that are held now and were not before."""
        ...

    def release(self, tx: Tx, caller: Caller, arns: Sequence[str]) -> None: ...


class Witness(Protocol):
    """Who knows how the certificates of an issuer stand: of others' it says nothing against them."""

    def is_good(self, tx: Tx, arn: str) -> bool:
        """False for what is revoked, or on hold."""
        ...


@dataclass(frozen=True, slots=True)
class IssuingAuthority:
    """An authority of this service that issues for devices, or is about to."""

    arn: str
    certificate: str  # PEM
    prove: Callable[[str], str]  # a common name → a PEM certificate for it, whose key nobody keeps


class Registrar(Protocol):
    """Who must know a certificate before a device can use it: AWS IoT Core in one region, a broker …

    One contract suite covers them all. Each method blocks, and raises PrivySealError: THROTTLED or
    UNAVAILABLE when a retry may help, any other code when the registrar is not set up rightly.
    """

    def register(self, registration: Registration) -> str:
        """Make or find everything that the device needs; returns when it can be used.

        Whatever an earlier call has left is found and finished, so calling again is safe at any
        moment. Returns what the registrar calls the certificate ("" where it has no name for it).
        """
        ...

    def suspend(self, registration: Registration) -> None:
        """Let the device not use the certificate until it is registered again; what is not there is no
        error. Safe to repeat.
        """
        ...

    def withdraw(self, registration: Registration) -> None:
        """Take the certificate out of use for good; what is not there is no error. Safe to repeat."""
        ...

    def trust(self, authority: IssuingAuthority) -> str:
        """Make it known that `authority` issues for devices; returns when its certificates can be
        registered. Safe to repeat. Returns what the registrar calls the authority ("" for nothing).
        """
        ...

    def distrust(self, certificate: str) -> None:
        """Take back what `trust` has done for the authority with that certificate (PEM), from which no
        device has got any; what is not there is no error. Safe to repeat.
        """
        ...

    def endpoint(self) -> str:
        """Where its devices connect; "" where there is nothing to say."""
        ...
