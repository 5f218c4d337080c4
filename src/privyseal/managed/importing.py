"""ImportCertificate: a certificate and its key from elsewhere, new or in place of an older import.

Source: AWS Certificate Manager user guide, "Import a certificate" and "Reimport a certificate".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from privyseal.ca.model import Tag
from privyseal.ca.tags import check_tags
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.keys import ManagedKeys
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import ManagedCertificate, Material
from privyseal.managed.notices import next_notice
from privyseal.managed.quotas import ImportQuota
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.settling import days_before_expiry
from privyseal.managed.states import Event, Kind, Status, transition
from privyseal.managed.told import IMPORT, REIMPORT, told
from privyseal.names import ManagedArn, new_id
from privyseal.store import Store, Tx
from privyseal.x509.imported import ImportedPair, check_import
from privyseal.x509.inspect import CertificateSummary
from privyseal.x509.model_certificate import ANY_USAGE, NO_PURPOSE, Described, describe

ACTION = "acm:ImportCertificate"


@dataclass(frozen=True, slots=True, repr=False)  # it holds a plain private key
class ImportCertificate:
    """All in PEM. `arn` names the import that is replaced."""

    caller: Caller
    region: str
    certificate: bytes
    private_key: bytes
    chain: bytes | None = None
    arn: str | None = None
    tags: Sequence[Tag] = ()


class Importing:
    def __init__(self, store: Store, rows: ManagedRows, keys: ManagedKeys, quota: ImportQuota) -> None:
        self._store = store
        self._quota = quota
        self._rows = rows
        self._keys = keys

    def import_certificate(self, request: ImportCertificate) -> ManagedArn:
        """The certificate's ARN. Raises VALIDATION for what is not accepted, LIMIT_EXCEEDED where there is no
        room for one more.
        """
        check_tags(request.tags)
        if request.arn is None:
            arn, now = ManagedArn(request.region, request.caller.account, new_id()), self._store.view(_now)
        else:
            arn, now = self._store.view(lambda tx: (self._replaced(tx, request).arn, tx.now))
        # Keys and chains of strangers are not read while other writers wait.
        pair = check_import(request.certificate, request.private_key, request.chain, now)
        material = _material(pair, self._keys.wrap(arn.id, pair.pkcs8))
        if request.arn is None:
            self._store.transact(lambda tx: self._insert(tx, request, arn, pair.summary, material))
        else:
            self._store.transact(lambda tx: self._replace(tx, request, pair.summary, material))
        return arn

    def _insert(
        self,
        tx: Tx,
        request: ImportCertificate,
        arn: ManagedArn,
        summary: CertificateSummary,
        material: Material,
    ) -> None:
        names = _names(summary)
        made = ManagedCertificate(
            arn=arn,
            kind=Kind.IMPORTED,
            status=Status.ISSUED,
            domain=next(iter(names), ""),
            names=names,
            key_algorithm=summary.key_algorithm,
            authority_arn=None,
            options={},
            created_at=tx.now,
            imported_at=tx.now,
            material=material,
        )
        made = replace(made, notice_at=next_notice(made, days_before_expiry(tx, self._rows, made)))
        self._quota.check(tx, self._rows.imports, arn.account, arn.region)
        self._rows.certificates.insert(tx, made)
        self._rows.imports.added(tx, arn.account, arn.region)
        self._rows.tags.put(tx, arn.id, request.tags)
        tx.record(told(ACTION, request.caller, made, tx.now, action=IMPORT))

    def _replace(
        self, tx: Tx, request: ImportCertificate, summary: CertificateSummary, material: Material
    ) -> None:
        before = self._replaced(tx, request)
        _check_same(before, summary, material)
        names = _names(summary)
        status = transition(before.status, Event.REIMPORTED)
        assert status is not None  # an import is ISSUED or EXPIRED
        after = replace(
            before,
            status=status,
            domain=next(iter(names), ""),
            names=names,
            imported_at=tx.now,
            material=material,
            noticed_days=None,
            version=before.version + 1,
        )
        after = replace(after, notice_at=next_notice(after, days_before_expiry(tx, self._rows, after)))
        written = self._rows.certificates.update(tx, after)
        assert written  # it was read in this transaction
        tx.record(told(ACTION, request.caller, after, tx.now, action=REIMPORT))

    def _replaced(self, tx: Tx, request: ImportCertificate) -> ManagedCertificate:
        found = find_certificate(tx, self._rows.certificates, request.caller, request.arn or "")
        if found.kind is not Kind.IMPORTED:
            text = f"Certificate {found.arn} was not imported: nothing can be imported in its place."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        if request.tags:
            text = "Tags cannot be given with a reimport: use AddTagsToCertificate."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        return found


def _now(tx: Tx) -> datetime:
    return tx.now


def _material(pair: ImportedPair, wrapped: bytes) -> Material:
    summary = pair.summary
    return Material(pair.der, pair.chain, wrapped, summary.serial, summary.not_before, summary.not_after)


def _names(summary: CertificateSummary) -> tuple[str, ...]:
    """The common name first, then the DNS names; what is no text for a domain name is left out."""
    return tuple(dict.fromkeys((*summary.common_names[:1], *summary.dns_names)))


def _check_same(before: ManagedCertificate, summary: CertificateSummary, material: Material) -> None:
    """A reimport keeps type and size of the key, and takes no usage or purpose away."""
    if summary.key_algorithm != before.key_algorithm:
        text = (
            f"The key is {summary.key_algorithm}; that of the certificate in place is {before.key_algorithm},"
        )
        raise PrivySealError(ErrorCode.VALIDATION, f"{text} and a reimport cannot change it.")
    assert before.material is not None  # an import always has it
    lost = _stated(describe(before.material.der)) - _stated(describe(material.der))
    if lost:
        text = (
            f"The certificate lacks {', '.join(sorted(lost))}, which the one in place has: a reimport cannot"
        )
        raise PrivySealError(ErrorCode.VALIDATION, f"{text} take key usages or extended key usages away.")


def _stated(described: Described) -> set[str]:
    purposes = {oid or name for name, oid in described.purposes}
    return {*described.usages, *purposes} - {ANY_USAGE, NO_PURPOSE}
