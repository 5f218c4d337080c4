"""Holds that come with something else, as the suspension of a device: in the transaction of that."""

from collections.abc import Iterator, Sequence

from privyseal.ca.lookup import is_gone
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.revocation.revoking import mark_released, mark_revoked
from privyseal.ca.revocation.standing import Act, transition
from privyseal.caller import Caller
from privyseal.errors import PrivySealError
from privyseal.names import CertificateArn
from privyseal.store import Tx

_Found = tuple[Authority, Sequence[Certificate]]


class Holding:
    """What is not there, not the account's, expired or revoked for good is left alone."""

    def __init__(self, rows: Repositories) -> None:
        self._rows = rows

    def hold(self, tx: Tx, caller: Caller, arns: Sequence[str]) -> Sequence[str]:
        """Hold these certificates until they are released; those that were not held before."""
        return [
            str(CertificateArn(authority.arn, each.serial))
            for authority, certificates in self._find(tx, caller, arns, Act.HOLD)
            for each in mark_revoked(tx, self._rows, caller, authority, certificates, reason=HOLD)
        ]

    def release(self, tx: Tx, caller: Caller, arns: Sequence[str]) -> None:
        for authority, certificates in self._find(tx, caller, arns, Act.RELEASE):
            mark_released(tx, self._rows, caller, authority, certificates)

    def _find(self, tx: Tx, caller: Caller, arns: Sequence[str], act: Act) -> Iterator[_Found]:
        """By authority, those with which `act` can be done."""
        named = {(arn.authority.id, arn.serial): arn for arn in _parsed(arns)}
        found = self._rows.certificates.find_many(tx, sorted(named)) if named else {}
        ids = sorted({authority_id for authority_id, _ in found})
        for authority_id, authority in self._rows.authorities.find_many(tx, ids).items():
            if authority.arn.account == caller.account and not is_gone(authority, tx.now):
                yield (
                    authority,
                    [
                        each
                        for key, each in found.items()
                        if each.authority_id == authority_id and named[key].authority == authority.arn
                        if tx.now <= each.not_after and transition(each, act) is not None
                    ],
                )


def _parsed(arns: Sequence[str]) -> Iterator[CertificateArn]:
    for text in arns:
        try:
            yield CertificateArn.parse(text)
        except PrivySealError:  # of another issuer
            continue
