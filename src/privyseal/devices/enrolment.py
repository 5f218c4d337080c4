"""Enrolment: a device that proves its registered key gets a certificate, which works when it arrives.

The checks, in this order; none of them changes anything, so a failed proof never locks an id out:

 1. the CSR is well-formed and signed with the key in it      MALFORMED_CSR
 2. a device is registered with that id                       NOT_FOUND
 3. the key of the CSR is the registered one                  ACCESS_DENIED
 4. the CSR's subject has one common name, which is the id    ACCESS_DENIED
 5. its alternative names are the device's own                ACCESS_DENIED
 6. the device is neither suspended nor retired               ACCESS_DENIED
 7. it has not asked too often                                THROTTLED

The last two are for who has proved the key: nobody else learns a device's state, or uses up what it
may ask for. Where a contract names no id, it is the one common name of the CSR (else MALFORMED_CSR).

The rest of the subject comes from the CSR as it is; which alternative names are a device's own is
said in `claimed_names.py`. What follows the checks, and what a retry is, is said in `vending.py`.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from privyseal.caller import Caller
from privyseal.devices.admission import Admission
from privyseal.devices.claimed_names import OWN, check_names
from privyseal.devices.lookup import check_enrols, find_device
from privyseal.devices.model import Device
from privyseal.devices.orders import Order
from privyseal.devices.ports import Devices
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.devices.vending import Enrolled, Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store
from privyseal.x509.csr import Csr, parse_pem
from privyseal.x509.keys import public_key_der


class DeniedError(PrivySealError):
    """ACCESS_DENIED to whoever says to be a device that is registered: the one with `device_id`."""

    def __init__(self, device_id: str, message: str) -> None:
        super().__init__(ErrorCode.ACCESS_DENIED, message)
        self.device_id = device_id


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that has passed the checks."""

    device: Device
    csr: Csr


class Enrolment:
    def __init__(
        self,
        store: Store,
        devices: Devices,
        vending: Vending,
        *,
        account: str,
        names: str = OWN,
        throttle: Throttle = UNLIMITED,
        admission: Admission | None = None,
    ) -> None:
        """`throttle` counts by device id; `admission` finds devices that are not registered yet."""
        self._store = store
        self._devices = devices
        self._vending = vending
        self.account = account
        self._names = names
        self._throttle = throttle
        self._admission = admission

    def enrol(self, csr_pem: bytes, device_id: str | None, *, request_id: str) -> Enrolled:
        """The device's certificate. Blocks until it works. Without an id it is the CSR's.

        Raises MALFORMED_CSR, NOT_FOUND and ACCESS_DENIED (as DeniedError) as above, VALIDATION for an id
        that a registrar cannot have, THROTTLED or UNAVAILABLE when issuer or registrars cannot work now.
        """
        return self._vend(self.admitted(csr_pem, device_id, request_id=request_id), request_id)

    def admitted(
        self, csr_pem: bytes, device_id: str | None, *, request_id: str, counts: bool = True
    ) -> Admitted:
        """The checks alone, which change nothing. Without `counts` it is no request of its own (7)."""
        csr = parse_pem(csr_pem)  # 1
        if device_id is None:
            device_id = _common_name(csr)
        device = self._find(device_id, request_id)  # 2
        with _denied(device.id):
            self._check(device, csr)  # 3 to 6
        if counts:
            self._throttle.take(device.id)  # 7
        return Admitted(device, csr)

    def resume(self, order: Order) -> Enrolled:
        """What the order's request gets, as if it came when it was asked. Raises as `enrol` does."""
        admitted = self.admitted(order.csr, order.device_id, request_id=order.request_id, counts=False)
        return self._vend(admitted, order.request_id, order.asked_at)

    def _vend(self, admitted: Admitted, request_id: str, since: datetime | None = None) -> Enrolled:
        caller = Caller(f"device:{admitted.device.id}", self.account, request_id)
        with _denied(admitted.device.id):
            return self._vending.vend(admitted.device, admitted.csr, caller, since=since)

    def _check(self, device: Device, csr: Csr) -> None:
        if not has_registered_key(device, csr):  # 3
            raise PrivySealError(
                ErrorCode.ACCESS_DENIED,
                "The key of the certificate signing request is not the one that the device is registered "
                "with.",
            )
        check_common_name(device, csr)  # 4
        check_names(device, csr, self._names)  # 5
        check_enrols(device)  # 6

    def _find(self, device_id: str, request_id: str) -> Device:
        try:
            return self._read(device_id)
        except PrivySealError as error:
            if error.code is not ErrorCode.NOT_FOUND or self._admission is None:
                raise
            if not self._admission.admit(device_id, account=self.account, request_id=request_id):
                raise
        return self._read(device_id)

    def _read(self, device_id: str) -> Device:
        return self._store.view(lambda tx: find_device(tx, self._devices, self.account, device_id))


@contextmanager
def _denied(device_id: str) -> Iterator[None]:
    """What is denied within is denied to that device."""
    try:
        yield
    except PrivySealError as error:
        if error.code is ErrorCode.ACCESS_DENIED:
            raise DeniedError(device_id, error.message) from error
        raise


def _common_name(csr: Csr) -> str:
    if len(csr.common_names) != 1:
        raise PrivySealError(
            ErrorCode.MALFORMED_CSR,
            "The subject of the certificate signing request must have one common name, the device id.",
        )
    return csr.common_names[0]


def has_registered_key(device: Device, csr: Csr) -> bool:
    """The whole SubjectPublicKeyInfo, in the one canonical form and in constant time."""
    return hmac.compare_digest(public_key_der(csr.key), device.public_key)


def check_common_name(device: Device, csr: Csr) -> None:
    if csr.common_names != (device.id,):
        raise PrivySealError(
            ErrorCode.ACCESS_DENIED,
            "The subject of the certificate signing request must have one common name, the device id.",
        )
