"""ExportCertificate: certificate, chain, and the private key encrypted with the caller's passphrase.

An export makes a certificate eligible for renewal. It is on record before anybody gets the key.
"""

from dataclasses import dataclass, replace

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed import limits
from privyseal.managed.keys import ManagedKeys
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import ManagedCertificate, Material
from privyseal.managed.planning import plan_renewal
from privyseal.managed.renewal import Schedule
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Kind, Status
from privyseal.managed.told import told
from privyseal.store import Store, Tx
from privyseal.x509.pem import to_pem

ACTION = "acm:ExportCertificate"
# How often it starts again because the certificate was renewed meanwhile.
MAX_TRIES = 4


@dataclass(frozen=True, slots=True)
class Exported:
    """PEM without a final newline; the chain from the issuer to the root."""

    certificate: str
    chain: str | None
    private_key: str  # ENCRYPTED PRIVATE KEY

    def __repr__(self) -> str:
        return "Exported(…)"


class Exporting:
    def __init__(self, store: Store, rows: ManagedRows, keys: ManagedKeys, schedule: Schedule) -> None:
        self._store = store
        self._schedule = schedule
        self._rows = rows
        self._keys = keys

    def export(self, caller: Caller, arn: str, passphrase: bytes) -> Exported:
        """Raises VALIDATION for what cannot be exported, IN_PROGRESS for what is not issued yet."""
        _check_passphrase(passphrase)
        for _ in range(MAX_TRIES):
            material = self._store.view(lambda tx: _exportable(self._find(tx, caller, arn)))
            made = Exported(
                to_pem(material.der),
                material.chain,
                self._keys.export(arn.rpartition("/")[2], material.key_wrapped, passphrase),
            )
            if self._store.transact(lambda tx, of=material: self._note(tx, caller, arn, of)):  # type: ignore[misc]
                return made
        raise PrivySealError(ErrorCode.THROTTLED, "The certificate is being changed. Try again.")

    def _note(self, tx: Tx, caller: Caller, arn: str, material: Material) -> bool:
        """False where the certificate has another key by now."""
        certificate = self._find(tx, caller, arn)
        if _exportable(certificate) != material:
            return False
        after = replace(
            certificate,
            exported_at=tx.now,
            first_exported_at=certificate.first_exported_at or tx.now,
            version=certificate.version + 1,
        )
        after = replace(after, attempt_at=plan_renewal(tx, self._rows.certificates, after, self._schedule))
        written = self._rows.certificates.update(tx, after)
        assert written  # it was read in this transaction
        tx.record(told(ACTION, caller, after, tx.now))
        return True

    def _find(self, tx: Tx, caller: Caller, arn: str) -> ManagedCertificate:
        return find_certificate(tx, self._rows.certificates, caller, arn)


def _exportable(certificate: ManagedCertificate) -> Material:
    arn = certificate.arn
    if certificate.kind is not Kind.PRIVATE:
        raise PrivySealError(ErrorCode.VALIDATION, f"Certificate {arn} is not a private certificate")
    if certificate.status is Status.PENDING_VALIDATION:
        raise PrivySealError(ErrorCode.IN_PROGRESS, f"Certificate {arn} is being issued. Try again soon.")
    if certificate.status is not Status.ISSUED or certificate.material is None:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            f"Certificate {arn} is {certificate.status.value}: only an ISSUED one can be exported.",
        )
    return certificate.material


def _check_passphrase(passphrase: bytes) -> None:
    if not limits.MIN_PASSPHRASE <= len(passphrase) <= limits.MAX_PASSPHRASE:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            f"A passphrase has {limits.MIN_PASSPHRASE} to {limits.MAX_PASSPHRASE} bytes.",
        )
