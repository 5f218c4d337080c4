"""Vending: what happens after a device has proved its key. It is released last.

Each step is recorded before the next one begins:

 1. claim      who asks, with what, when
 2. issue      the certificate is noted as an ISSUED identity of the device
 3. register   by every registrar that is required, until it can be used there (`registration.py`)
 4. activate   the identity becomes the device's ACTIVE one, the one before retires after a grace
               period (`retirement.py`), and the newest certificate's ARN is noted on the device
 5. release    the device gets its certificate, and where to connect

A retry is the same device with the identical CSR (SHA-256 of its DER) within five minutes, and it
gets the same certificate. The first request commits a claim (device, digest, time) before anybody
is asked to issue. Whoever comes with the same CSR while that claim lives, in whichever process or
after a restart, takes the claim's time instead of its own; so its idempotency token, made from
device id, digest and the claim's minute, is the same one however the clock has moved on, and the
issuer answers with the certificate that the token has got. Of simultaneous requests the transaction
lets one make the claim and shows it to the others. Two claims of one CSR are at least five minutes
apart, so their minutes and their tokens differ, and an expired claim makes a new request.

A failure or a crash leaves the device as it was, with an unfinished identity; the same CSR goes on
from there with the same certificate, however late it comes. A crash between the issuer's answer and
its note loses the note, not the certificate: the token finds it. What nobody comes back for is
withdrawn after a day.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.identities import GONE, RELEASED, Identity, IdentityState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.lookup import check_enrols, find_device
from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Devices, IssuedDeviceCertificate, Issuer
from privyseal.devices.registration import Registrations
from privyseal.devices.rekeying import put_key
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx
from privyseal.x509 import pem
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import LABEL, Csr
from privyseal.x509.keys import public_key_der
from privyseal.x509.refusal import reported

REQUESTED = "privyseal:RequestDeviceCertificate"
PROVISIONED = "privyseal:ProvisionDevice"

# What an issuer may say that the device can act on; the rest is between it and the operator.
_FOR_THE_DEVICE = frozenset({ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a device gets. The same request gets the same, to the letter, while it is a retry."""

    certificate: str  # PEM
    chain: str  # PEM, from the issuer to the root; "" where the issuer gives none
    arn: str
    endpoint: str  # where it connects; "" where no registrar knows


class Vending:
    def __init__(
        self,
        store: Store,
        devices: Devices,
        identities: Identities,
        issuer: Issuer,
        registrations: Registrations,
        *,
        grace: timedelta = limits.GRACE,
        scope: str = "",
    ) -> None:
        """`scope` keeps apart what one CSR asks of several issuers: each has requests of its own."""
        self._store = store
        self._devices = devices
        self._identities = identities
        self._issuer = issuer
        self._registrations = registrations
        self._grace = grace
        self._scope = f"\x00{scope}\x00".encode() if scope else b""

    def vend(
        self,
        device: Device,
        csr: Csr,
        caller: Caller,
        *,
        rekey: bool = False,
        since: datetime | None = None,
    ) -> Enrolled:
        """The certificate of a device that has proved its key. Blocks until it is registered.
        With `rekey` the key of the CSR becomes the registered one when the certificate becomes active.
        `since`: when the request came, where it is not now (`ordering.py`).

        Raises MALFORMED_CSR, THROTTLED or UNAVAILABLE when the issuer or a registrar says so, and
        ACCESS_DENIED when the device has been suspended or retired meanwhile.
        """
        self._registrations.check_id(device.id)
        digest = hashlib.sha256(self._scope + csr.der).digest()
        claim, found = self._store.view(lambda tx: self._read(tx, device, digest, since))
        asked = _Asked(device, csr, digest, rekey)
        identity = found or self._certify(asked, claim, caller)  # 1, 2
        if identity.state is IdentityState.ISSUED:
            self._registrations.complete(identity)  # 3
        endpoint = self._registrations.endpoint()
        if identity.state is IdentityState.ISSUED:
            identity = self._store.transact(lambda tx: self._activate(tx, caller, identity, asked))  # 4
        self._check_released(identity)
        return Enrolled(identity.pem, identity.chain, identity.arn, endpoint)  # 5

    def _read(
        self, tx: Tx, device: Device, digest: bytes, since: datetime | None
    ) -> tuple[Claim | None, Identity | None]:
        """The living claim of the request, and what it has got already, finished or not."""
        claim = self._living_claim(tx, device, digest)
        identity = self._identities.of_request(tx, device.account, device.id, digest)
        return claim, identity if identity and _goes_on(tx, identity, claim, since) else None

    def _living_claim(self, tx: Tx, device: Device, digest: bytes) -> Claim | None:
        claim = self._devices.find_claim(tx, device.account, device.id, digest)
        return claim if claim and tx.now < claim.requested_at + limits.RETRY_WINDOW else None

    def _certify(self, asked: "_Asked", claim: Claim | None, caller: Caller) -> Identity:
        if claim is None:
            claim = self._store.transact(lambda tx: self._claim(tx, caller, asked))
        made = _identity(claim, self._issue(asked.csr, claim, caller))
        return self._store.transact(lambda tx: self._note(tx, caller, made, asked))

    def _claim(self, tx: Tx, caller: Caller, asked: "_Asked") -> Claim:
        device = asked.device
        if claim := self._living_claim(tx, device, asked.digest):
            return claim
        self._devices.prune_claims(tx, tx.now - limits.RETRY_WINDOW, limits.CLAIMS_PRUNED)
        claim = Claim(device.account, device.id, asked.digest, tx.now)
        self._devices.put_claim(tx, claim)
        csr_sha256 = hashlib.sha256(asked.csr.der).hexdigest()
        tx.record(entry(REQUESTED, caller, f"device/{device.id}", csr_sha256=csr_sha256))
        return claim

    def _issue(self, csr: Csr, claim: Claim, caller: Caller) -> IssuedDeviceCertificate:
        # The PEM is written anew: the same request in other line lengths is still the same one.
        text = pem.to_pem(csr.der, LABEL).encode()
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

    def _note(self, tx: Tx, caller: Caller, made: Identity, asked: "_Asked") -> Identity:
        """The identity as it is in the database: somebody else may have come further with it."""
        made = replace(made, issued_at=tx.now, due_at=tx.now + limits.UNFINISHED)
        self._identities.insert(tx, made)
        if self._registrations.begin(tx, made):
            return self._again(tx, made)
        return self._activate(tx, caller, made, asked)

    def _activate(self, tx: Tx, caller: Caller, identity: Identity, asked: "_Asked") -> Identity:
        identity = self._again(tx, identity)
        if identity.state is not IdentityState.ISSUED:
            return identity
        device = find_device(tx, self._devices, identity.account, identity.device_id)
        check_enrols(device)
        _check_key(device, asked)
        before = self._identities.active(tx, identity.account, identity.device_id)
        retiring = tx.now + self._grace
        if before is not None and before.requested_at > identity.requested_at:
            self._identities.set_state(tx, identity, IdentityState.RETIRING, retiring)
        else:
            if before is not None:
                self._identities.set_state(tx, before, IdentityState.RETIRING, retiring)
            if asked.rekey:
                put_key(tx, self._devices, caller, device, asked.key)
            self._identities.set_state(tx, identity, IdentityState.ACTIVE, None)
        self._registrations.release(tx, identity)
        noted = self._devices.set_certificate(
            tx, identity.account, identity.device_id, identity.arn, identity.requested_at
        )
        if noted:
            tx.record(
                entry(PROVISIONED, caller, f"device/{identity.device_id}", certificate_arn=identity.arn)
            )
        return self._again(tx, identity)

    def _again(self, tx: Tx, identity: Identity) -> Identity:
        found = self._identities.find(tx, identity.account, identity.device_id, identity.arn)
        assert found is not None  # identities are never deleted
        return found

    def _check_released(self, identity: Identity) -> None:
        """Whoever has withdrawn it meanwhile may have been overtaken by our registrars: undo their work."""
        if identity.state in RELEASED:
            return
        self._registrations.withdraw(identity)
        raise PrivySealError(
            ErrorCode.UNAVAILABLE, "The certificate has been withdrawn. Ask again with a new request."
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """`device` as it was when it proved its key; with `rekey` it brings the next one."""

    device: Device
    csr: Csr
    digest: bytes  # of the request, by which retries are known
    rekey: bool

    @property
    def key(self) -> bytes:
        return public_key_der(self.csr.key)


def _check_key(device: Device, asked: _Asked) -> None:
    """Raises ACCESS_DENIED where the device has got another key while issuer and registrars were at work:
    the one that was proved may be the one that somebody has stolen.
    """
    if device.public_key not in {asked.device.public_key, asked.key}:
        raise PrivySealError(
            ErrorCode.ACCESS_DENIED, "The device has been given another key meanwhile: ask again with that."
        )


def _goes_on(tx: Tx, identity: Identity, claim: Claim | None, since: datetime | None) -> bool:
    """Whether the request gets this identity: unfinished ones go on, finished ones answer retries."""
    if tx.now >= identity.not_after or identity.state in GONE:
        return False
    if identity.state is IdentityState.ISSUED:
        return True
    if since is not None and identity.requested_at > since - limits.RETRY_WINDOW:
        return True  # its claim lived when the request came, or was made for it
    return claim is not None and claim.requested_at == identity.requested_at


def _identity(claim: Claim, issued: IssuedDeviceCertificate) -> Identity:
    with reported(ErrorCode.FAILED, "The issuer's certificate cannot be read"):
        der = pem.single_block(issued.certificate.encode(), "CERTIFICATE")
        not_after = read_certificate(der).not_after
    return Identity(
        account=claim.account,
        device_id=claim.device_id,
        arn=issued.arn,
        csr_digest=claim.csr_digest,
        requested_at=claim.requested_at,
        certificate=der,
        chain=issued.chain,
        issued_at=claim.requested_at,
        not_after=not_after,
        state=IdentityState.ISSUED,
        due_at=None,
    )


def idempotency_token(claim: Claim) -> str:
    """From device id, CSR digest and the minute of the claim, hashed to what IssueCertificate takes."""
    minute = claim.requested_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    text = f"device\x00{claim.account}\x00{claim.device_id}\x00{claim.csr_digest.hex()}\x00{minute}"
    return hashlib.sha256(text.encode()).hexdigest()[: limits.MAX_TOKEN]
