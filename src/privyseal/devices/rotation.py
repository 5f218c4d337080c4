"""Rotation: a device that connects with its certificate gets the next one.

The connection is mutual TLS, which has verified that the certificate leads to an issuing authority, has
not expired, and that the client has its key. What is checked here, in this order:

 1. the CSR is well-formed and signed with the key in it              MALFORMED_CSR
 2. the certificate is one that its device holds and may use now:
    the newest, or the one before within its grace period            ACCESS_DENIED
 3. it is neither revoked nor on hold                                 ACCESS_DENIED
 4. the CSR's subject has one common name, which is the device's id   ACCESS_DENIED
 5. its alternative names are the device's own                        ACCESS_DENIED
 6. its key is the registered one, or a new one where that is allowed ACCESS_DENIED
 7. the device is neither suspended nor retired                       ACCESS_DENIED
 8. it has not asked too often                                        THROTTLED

A new key becomes the registered one in the commit that makes its certificate the device's active one;
until then the key before counts. The certificate before works for the grace period (`retirement.py`).
"""

from dataclasses import dataclass

from privyseal.caller import Caller
from privyseal.devices.claimed_names import OWN, check_names
from privyseal.devices.enrolment import DeniedError, check_common_name, has_registered_key
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.lookup import check_enrols, find_device
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices, Witness
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.devices.vending import Enrolled, Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx
from privyseal.x509 import oids
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import Csr, parse_pem


@dataclass(frozen=True, slots=True)
class RotationTerms:
    """`new_keys`: whether a device may bring another key than the registered one."""

    account: str
    names: str = OWN
    new_keys: bool = False


class Rotation:
    def __init__(
        self,
        store: Store,
        devices: Devices,
        identities: Identities,
        vending: Vending,
        witness: Witness,
        *,
        terms: RotationTerms,
        throttle: Throttle = UNLIMITED,
    ) -> None:
        """`throttle` counts by device id."""
        self._store = store
        self._devices = devices
        self._identities = identities
        self._vending = vending
        self._witness = witness
        self._terms = terms
        self._throttle = throttle

    @property
    def account(self) -> str:
        return self._terms.account

    def rotate(self, certificate: bytes, csr_pem: bytes, *, request_id: str) -> Enrolled:
        """The next certificate of the device that has proved `certificate` (DER). Blocks until it works.

        Raises MALFORMED_CSR and ACCESS_DENIED as above (the latter as DeniedError where the device is
        registered), THROTTLED or UNAVAILABLE when the issuer or a registrar cannot work now.
        """
        csr = parse_pem(csr_pem)  # 1
        device, held = self._store.view(lambda tx: self._holder(tx, certificate))
        try:
            if not held:  # 2, 3
                raise _denied("The certificate of this connection is not one that the device may use now.")
            return self._rotate(device, csr, request_id)
        except PrivySealError as error:
            if error.code is ErrorCode.ACCESS_DENIED:
                raise DeniedError(device.id, error.message) from error
            raise

    def _rotate(self, device: Device, csr: Csr, request_id: str) -> Enrolled:
        check_common_name(device, csr)  # 4
        check_names(device, csr, self._terms.names)  # 5
        if not (self._terms.new_keys or has_registered_key(device, csr)):  # 6
            raise _denied("The key of the certificate signing request is not the registered one.")
        check_enrols(device)  # 7
        self._throttle.take(device.id)  # 8
        caller = Caller(f"device:{device.id}", self.account, request_id)
        return self._vending.vend(device, csr, caller, rekey=self._terms.new_keys)

    def _holder(self, tx: Tx, certificate: bytes) -> tuple[Device, bool]:
        """The device that the certificate names, and whether it may be used now."""
        names = read_certificate(certificate).subject.values(oids.COMMON_NAME)
        if len(names) != 1:
            raise _denied("The certificate of this connection is not one of a device.")
        try:
            device = find_device(tx, self._devices, self.account, names[0])
        except PrivySealError:
            raise _denied("The certificate of this connection is not one of a device.") from None
        held = self._identities.released(tx, self.account, device.id)
        found = next((each for each in held if each.certificate == certificate), None)
        return device, found is not None and _is_in_time(tx, found) and self._witness.is_good(tx, found.arn)


def _is_in_time(tx: Tx, identity: Identity) -> bool:
    """A connection may outlast the certificate; and what is due to retire has retired."""
    if tx.now > identity.not_after:
        return False
    if identity.state is IdentityState.ACTIVE:
        return True
    return identity.due_at is not None and tx.now < identity.due_at


def _denied(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.ACCESS_DENIED, message)
