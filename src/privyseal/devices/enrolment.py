"""Enrolment: a device that proves its registered key gets a certificate.

The checks, in this order; none of them changes anything, so a failed proof never locks an id out:

 1. the CSR is well-formed and signed with the key in it      MALFORMED_CSR
 2. a device is registered with that id                       NOT_FOUND
 3. the key of the CSR is the registered one                  ACCESS_DENIED
 4. the CSR's subject has one common name, which is the id    ACCESS_DENIED
 5. its alternative names are the device's own                ACCESS_DENIED

The rest of the subject comes from the CSR as it is; which alternative names are a device's own is
said in `claimed_names.py`.

A retry is the same device with the identical CSR (SHA-256 of its DER) within five minutes, and it
gets the same certificate. The first request commits a claim (device, digest, time) before anybody
is asked to issue. Whoever comes with the same CSR while that claim lives, in whichever process or
after a restart, takes the claim's time instead of its own; so its idempotency token, made from
device id, digest and the claim's minute, is the same one however the clock has moved on, and the
issuer answers with the certificate that the token has got. Of simultaneous requests the transaction
lets one make the claim and shows it to the others. Two claims of one CSR are at least five minutes
apart, so their minutes and their tokens differ, and an expired claim makes a new request.

The newest certificate's ARN is noted on the device after the issuer has it. A crash in between
loses the note, not the certificate: the retry gets the certificate and makes the note.
"""

import hashlib
import hmac
from datetime import UTC

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.claimed_names import OWN, check_names
from privyseal.devices.lookup import find_device
from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Devices, IssuedDeviceCertificate, Issuer
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx
from privyseal.x509.csr import LABEL, Csr, parse_pem
from privyseal.x509.keys import public_key_der
from privyseal.x509.pem import to_pem

REQUESTED = "privyseal:RequestDeviceCertificate"
PROVISIONED = "privyseal:ProvisionDevice"

# What an issuer may say that the device can act on; the rest is between it and the operator.
_FOR_THE_DEVICE = frozenset({ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE})


class Enrolment:
    def __init__(
        self, store: Store, devices: Devices, issuer: Issuer, *, account: str, names: str = OWN
    ) -> None:
        self._store = store
        self._devices = devices
        self._issuer = issuer
        self.account = account
        self._names = names

    def enrol(self, csr_pem: bytes, device_id: str, *, request_id: str) -> IssuedDeviceCertificate:
        """The device's certificate. Blocks until it is issued and noted.

        Raises MALFORMED_CSR, NOT_FOUND and ACCESS_DENIED as above, THROTTLED or UNAVAILABLE when the
        issuer cannot issue now.
        """
        csr = parse_pem(csr_pem)  # 1
        digest = hashlib.sha256(csr.der).digest()
        device, claim = self._store.view(lambda tx: self._read(tx, device_id, digest))  # 2
        _check_key(device, csr)  # 3
        _check_common_name(device, csr)  # 4
        check_names(device, csr, self._names)  # 5
        caller = Caller(f"device:{device.id}", self.account, request_id)
        if claim is None:
            claim = self._store.transact(lambda tx: self._claim(tx, caller, device, digest))
        issued = self._issue(csr, claim, caller)
        if device.certificate_arn != issued.arn:
            self._store.transact(lambda tx: self._note(tx, caller, claim, issued.arn))
        return issued

    def _read(self, tx: Tx, device_id: str, digest: bytes) -> tuple[Device, Claim | None]:
        device = find_device(tx, self._devices, self.account, device_id)
        return device, self._living_claim(tx, device, digest)

    def _living_claim(self, tx: Tx, device: Device, digest: bytes) -> Claim | None:
        claim = self._devices.find_claim(tx, device.account, device.id, digest)
        return claim if claim and tx.now < claim.requested_at + limits.RETRY_WINDOW else None

    def _claim(self, tx: Tx, caller: Caller, device: Device, digest: bytes) -> Claim:
        if claim := self._living_claim(tx, device, digest):
            return claim
        self._devices.prune_claims(tx, tx.now - limits.RETRY_WINDOW, limits.CLAIMS_PRUNED)
        claim = Claim(device.account, device.id, digest, tx.now)
        self._devices.put_claim(tx, claim)
        tx.record(entry(REQUESTED, caller, f"device/{device.id}", csr_sha256=digest.hex()))
        return claim

    def _issue(self, csr: Csr, claim: Claim, caller: Caller) -> IssuedDeviceCertificate:
        # The PEM is written anew: the same request in other line lengths is still the same one.
        text = to_pem(csr.der, LABEL).encode()
        try:
            return self._issuer.issue(text, token=idempotency_token(claim), caller=caller)
        except PrivySealError as error:
            if error.code in _FOR_THE_DEVICE:
                raise
            log.warning("device_issuer_refused", error=str(error), request_id=caller.request_id)
            raise PrivySealError(
                ErrorCode.UNAVAILABLE,
                "The issuer of device certificates cannot issue now; the operator's log says why. Try later.",
            ) from error

    def _note(self, tx: Tx, caller: Caller, claim: Claim, arn: str) -> None:
        noted = self._devices.set_certificate(tx, claim.account, claim.device_id, arn, claim.requested_at)
        if noted:
            tx.record(entry(PROVISIONED, caller, f"device/{claim.device_id}", certificate_arn=arn))


def idempotency_token(claim: Claim) -> str:
    """From device id, CSR digest and the minute of the claim, hashed to what IssueCertificate takes."""
    minute = claim.requested_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    text = f"device\x00{claim.account}\x00{claim.device_id}\x00{claim.csr_digest.hex()}\x00{minute}"
    return hashlib.sha256(text.encode()).hexdigest()[: limits.MAX_TOKEN]


def _check_key(device: Device, csr: Csr) -> None:
    """The whole SubjectPublicKeyInfo, in the one canonical form and in constant time."""
    if not hmac.compare_digest(public_key_der(csr.key), device.public_key):
        raise PrivySealError(
            ErrorCode.ACCESS_DENIED,
            "The key of the certificate signing request is not the one that the device is registered with.",
        )


def _check_common_name(device: Device, csr: Csr) -> None:
    if csr.common_names != (device.id,):
        raise PrivySealError(
            ErrorCode.ACCESS_DENIED,
            "The subject of the certificate signing request must have one common name, the device id.",
        )
