"""Revoking, holding and releasing what is named: certificates by their ARNs, or all that have a key.

A call takes a list and is one transaction. Its answers are positional: what one name means is changed
whole, or refused with its reason and left alone, whatever becomes of its neighbours. A dry run answers
the same and changes nothing.

An ARN follows RevokeCertificate: its authority must be ACTIVE or DISABLED, and what is done already is
ALREADY_DONE. A key means every certificate with it that has not expired, of all the account's
authorities in whatever state: a stolen key is no better for a deleted authority. Those of them that
are revoked already stay as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from privyseal.ca.certificates import not_there
from privyseal.ca.lookup import owned, require_status
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import PendingRequest
from privyseal.ca.revocation.invalidity import checked_invalidity_date
from privyseal.ca.revocation.reasons import REASONS
from privyseal.ca.revocation.revoking import check_revocable, mark_released, mark_revoked
from privyseal.ca.revocation.standing import Act, Standing, act_of, standing, transition
from privyseal.ca.states import REVOKES
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn
from privyseal.store import Store, Tx
from privyseal.value import changed

# Names in one call, and certificates that they may mean together: one transaction has them all.
MAX_NAMES = 1000
MAX_CERTIFICATES = 5000


@dataclass(frozen=True, slots=True)
class Name:
    """Either the ARN of a certificate or the SHA-256 of a DER SubjectPublicKeyInfo."""

    arn: str | None = None
    key_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Revoke:
    """What is to be revoked; with the reason CERTIFICATE_HOLD it is held, until it is released."""

    name: Name
    reason: str
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One certificate as it is now, and whether that is new."""

    arn: CertificateArn
    certificate: Certificate
    changed: bool


Result = Sequence[Outcome] | PrivySealError
_Found = Sequence[tuple[Authority, Certificate]]
Order = TypeVar("Order")
# From a certificate as it stands to what becomes of it.
_Change = Callable[[Certificate], Certificate]


@dataclass(frozen=True, slots=True)
class _Task:
    """`apply` writes what `change` says to the certificates of one authority."""

    name: Name
    act: Act
    change: _Change
    apply: Callable[[Authority, Sequence[Certificate]], Sequence[Certificate]]


class NamedRevoking:
    def __init__(self, store: Store, rows: Repositories) -> None:
        self._store = store
        self._rows = rows

    def revoke(self, caller: Caller, orders: Sequence[Revoke], *, dry_run: bool = False) -> Sequence[Result]:
        """Positional. Raises LIMIT_EXCEEDED for more than one transaction takes."""

        def task(tx: Tx, order: Revoke) -> _Task:
            if order.reason not in REASONS:
                raise PrivySealError(
                    ErrorCode.VALIDATION,
                    f"The reason is one of {', '.join(REASONS)}, not {order.reason!a}.",
                )
            date = checked_invalidity_date(order.invalidity_date, tx.now)

            def change(certificate: Certificate) -> Certificate:
                return changed(
                    certificate,
                    revoked_at=certificate.revoked_at or tx.now,
                    revocation_reason=order.reason,
                    invalidity_date=date or certificate.invalidity_date,
                )

            def apply(authority: Authority, found: Sequence[Certificate]) -> Sequence[Certificate]:
                return mark_revoked(
                    tx, self._rows, caller, authority, found, reason=order.reason, invalidity_date=date
                )

            return _Task(order.name, act_of(order.reason), change, apply)

        return self._run(caller, orders, task, dry_run=dry_run)

    def release(self, caller: Caller, names: Sequence[Name], *, dry_run: bool = False) -> Sequence[Result]:
        """Take holds back, and nothing else. Positional, and raises, as `revoke` does."""

        def task(tx: Tx, name: Name) -> _Task:
            def change(certificate: Certificate) -> Certificate:
                return changed(certificate, revoked_at=None, revocation_reason=None, invalidity_date=None)

            def apply(authority: Authority, found: Sequence[Certificate]) -> Sequence[Certificate]:
                return mark_released(tx, self._rows, caller, authority, found)

            return _Task(name, Act.RELEASE, change, apply)

        return self._run(caller, names, task, dry_run=dry_run)

    def _run(
        self, caller: Caller, orders: Sequence[Order], task: Callable[[Tx, Order], _Task], *, dry_run: bool
    ) -> Sequence[Result]:
        if len(orders) > MAX_NAMES:
            raise _too_many(f"One call takes at most {MAX_NAMES} names, not {len(orders)}")

        def run(tx: Tx) -> list[Result]:
            tasks = [_made(tx, order, task) for order in orders]
            lookup = self._look_up(tx, caller, [each.name for each in tasks if isinstance(each, _Task)])
            now_known: dict[tuple[str, int], Certificate] = {}
            return [
                each
                if isinstance(each, PrivySealError)
                else _outcomes(tx, each, lookup, now_known, dry_run=dry_run)
                for each in tasks
            ]

        return self._store.view(run) if dry_run else self._store.transact(run)

    def _look_up(self, tx: Tx, caller: Caller, names: Sequence[Name]) -> "_Lookup":
        """Everything that the names mean, in a few queries."""
        arns = [arn for name in names if name.arn and (arn := _parsed(name.arn))]
        keys = sorted({(arn.authority.id, arn.serial) for arn in arns})
        digests = sorted({name.key_digest for name in names if name.key_digest is not None})
        by_arn = self._rows.certificates.find_many(tx, keys) if keys else {}
        by_key = self._rows.certificates.by_keys(tx, digests) if digests else []
        if len(by_key) > MAX_CERTIFICATES:
            raise _too_many(f"These keys are in {len(by_key)} certificates, more than {MAX_CERTIFICATES}")
        ids = {each.authority_id for each in by_key} | {authority_id for authority_id, _ in keys}
        missing = [key for key in keys if key not in by_arn]
        return _Lookup(
            caller,
            self._rows.authorities.find_many(tx, sorted(ids)),
            by_arn,
            by_key,
            self._rows.pending_requests.find_many(tx, missing) if missing else {},
        )


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What one transaction has found for the names of a call."""

    caller: Caller
    authorities: Mapping[str, Authority]
    by_arn: Mapping[tuple[str, int], Certificate]
    by_key: Sequence[Certificate]
    promises: Mapping[tuple[str, int], PendingRequest]

    def of_arn(self, text: str, now: datetime) -> _Found:
        """One certificate. Raises INVALID_ARN, NOT_FOUND, INVALID_STATE …"""
        arn = CertificateArn.parse(text)
        authority = owned(self.authorities.get(arn.authority.id), arn.authority, self.caller, now)
        require_status(authority, now, REVOKES)
        key = arn.authority.id, arn.serial
        certificate = self.by_arn.get(key)
        if certificate is None:
            raise not_there(arn, self.promises.get(key))
        return [(authority, certificate)]

    def of_key(self, digest: bytes, now: datetime) -> _Found:
        """What has that key, is the caller's and has not expired. Raises NOT_FOUND."""
        found = [
            (authority, each)
            for each in self.by_key
            if each.key_digest == digest and now <= each.not_after
            if (authority := self.authorities[each.authority_id]).arn.account == self.caller.account
        ]
        if not found:
            raise PrivySealError(
                ErrorCode.NOT_FOUND,
                f"No certificate that has not expired has the public key with the SHA-256 {digest.hex()}.",
            )
        return found


def _outcomes(
    tx: Tx,
    task: _Task,
    lookup: _Lookup,
    now_known: dict[tuple[str, int], Certificate],
    *,
    dry_run: bool,
) -> Result:
    """What one name means, decided whole before any of it is written. `now_known` is what became of
    certificates in this call.
    """
    try:
        found = _named(task.name, lookup, tx.now)
        decided = []
        for authority, stored in found:
            certificate = now_known.get((stored.authority_id, stored.serial), stored)
            check_revocable(certificate, tx.now)
            changes = transition(certificate, task.act) is not None
            if task.name.arn and not changes:
                raise _refusal(task.act, certificate)
            decided.append((authority, certificate, changes))
        if task.act is Act.RELEASE:
            decided = [each for each in decided if each[2]]
            if not decided:
                raise _refusal(task.act, found[0][1])
    except PrivySealError as error:
        return error
    outcomes = []
    for authority, certificate, changes in decided:
        after = task.change(certificate) if changes else certificate
        now_known[certificate.authority_id, certificate.serial] = after
        outcomes.append(Outcome(CertificateArn(authority.arn, certificate.serial), after, changes))
    if not dry_run:
        for authority in {each[0].arn.id: each[0] for each in decided}.values():
            task.apply(authority, [c for a, c, changes in decided if changes and a is authority])
    return outcomes


def _made(tx: Tx, order: Order, task: Callable[[Tx, Order], _Task]) -> _Task | PrivySealError:
    try:
        return task(tx, order)
    except PrivySealError as error:
        return error


def _named(name: Name, lookup: _Lookup, now: datetime) -> _Found:
    if name.arn is not None:
        return lookup.of_arn(name.arn, now)
    assert name.key_digest is not None  # it is one or the other
    return lookup.of_key(name.key_digest, now)


def _parsed(text: str) -> CertificateArn | None:
    try:
        return CertificateArn.parse(text)
    except PrivySealError:
        return None  # refused when it is its turn


def _refusal(act: Act, certificate: Certificate) -> PrivySealError:
    if act is not Act.RELEASE:
        done = "on hold" if standing(certificate) is Standing.HELD else "revoked"
        return PrivySealError(ErrorCode.ALREADY_DONE, f"The certificate is already {done}.")
    if standing(certificate) is Standing.REVOKED:
        return PrivySealError(
            ErrorCode.INVALID_STATE, "The certificate is revoked for good: only a hold can be released."
        )
    return PrivySealError(ErrorCode.INVALID_STATE, "The certificate is not on hold.")


def _too_many(what: str) -> PrivySealError:
    return PrivySealError(
        ErrorCode.LIMIT_EXCEEDED, f"{what}: send them in parts, or order a mass revocation."
    )
