"""What revoked.json and revoked-root-ca.json mean: certificates of the issuing authority and of the root.

A serial number that is not known here, or is another name's, is skipped and reported: the lists of a
deployment that has moved name certificates of its old authorities, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from privyseal.ca.ports import Certificates
from privyseal.ca.revocation.named import Name, Result, Revoke
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.serverless.gitops.entries import RevocationEntry
from privyseal.serverless.gitops.plan import Action, Step
from privyseal.serverless.gitops.snapshot import REVOKED_ROOT
from privyseal.store import Store
from privyseal.x509 import oids
from privyseal.x509.certificate import read_certificate

_UNKNOWN = "no certificate of this authority has that serial number and name"
_TWICE = "an entry above names the same certificate"
# Entries in one transaction: `ca.revocation.named` takes no more.
CHUNK = 1000


class RevokeNamed(Protocol):
    """`ca.revocation.named.NamedRevoking.revoke`."""

    def __call__(
        self, caller: Caller, orders: Sequence[Revoke], /, *, dry_run: bool = False
    ) -> Sequence[Result]: ...


@dataclass(frozen=True, slots=True)
class Authorities:
    """ARNs; `issuing_slug` is what a list may call the issuing authority's own certificate. `before`: those
    whose place the issuing authority has taken, and whose certificates may still be good.
    """

    issuing: str
    root: str
    issuing_slug: str
    before: Sequence[str] = ()


class Revocations:
    def __init__(
        self,
        store: Store,
        certificates: Certificates,
        authorities: Callable[[], Authorities],
        revoke: RevokeNamed,
    ) -> None:
        self._store = store
        self._certificates = certificates
        self._authorities = authorities
        self._revoke = revoke

    def steps(self, caller: Caller, entries: Sequence[RevocationEntry], *, dry_run: bool) -> Sequence[Step]:
        """What becomes of each entry, in order; nothing is changed in a dry run."""
        arns = self._known(entries)
        first: dict[CertificateArn, RevocationEntry] = {}
        for each in arns:
            first.setdefault(arns[each], each)
        known = list(first.values())
        results: dict[RevocationEntry, Result] = {}
        for start in range(0, len(known), CHUNK):
            part = known[start : start + CHUNK]
            orders = [Revoke(Name(arn=str(arns[each])), each.reason) for each in part]
            results.update(zip(part, self._revoke(caller, orders, dry_run=dry_run), strict=True))
        return [_step(each, arns.get(each), results.get(each)) for each in entries]

    def _known(self, entries: Sequence[RevocationEntry]) -> dict[RevocationEntry, CertificateArn]:
        """Entries that mean a certificate, and its ARN."""
        authorities = self._authorities()
        owners = {each: _owners(each, authorities) for each in entries}
        keys = [(owner.id, each.serial) for each, mine in owners.items() for owner in mine]
        rows = self._store.view(lambda tx: self._certificates.find_many(tx, keys)) if keys else {}
        found = {}
        for each, mine in owners.items():
            for owner in mine:
                row = rows.get((owner.id, each.serial))
                if row is not None and each.common_name in _names(row.der, each, authorities):
                    found[each] = CertificateArn(owner, each.serial)
        return found


def _owners(entry: RevocationEntry, authorities: Authorities) -> list[AuthorityArn]:
    issuing = (authorities.issuing, *authorities.before)
    arns = (authorities.root,) if entry.file == REVOKED_ROOT else issuing
    return [AuthorityArn.parse(each) for each in arns if each]


def _names(der: bytes, entry: RevocationEntry, authorities: Authorities) -> Sequence[str]:
    """What the certificate may be called. Authorities have a name of their own in these lists."""
    certificate = read_certificate(der)
    names = certificate.subject.values(oids.COMMON_NAME)
    own = entry.file == REVOKED_ROOT and certificate.is_ca
    return [*names, authorities.issuing_slug] if own else names


def _step(entry: RevocationEntry, arn: CertificateArn | None, result: Result | None) -> Step:
    action, reason = _outcome(entry, result) if result or arn is None else (Action.LEAVE, _TWICE)
    return Step(entry.file, entry.number, action, entry.common_name, entry.serial, reason)


def _outcome(entry: RevocationEntry, result: Result | None) -> tuple[Action, str]:
    if result is None:
        return Action.SKIP, _UNKNOWN
    if not isinstance(result, PrivySealError):
        return Action.REVOKE, f"reason {entry.reason}"
    if result.code is ErrorCode.ALREADY_DONE:
        return Action.LEAVE, result.message
    return Action.REFUSE, result.message
