"""Mass revocations, ordered and looked at: one order revokes many certificates of one authority, or
everything below it (a cascade).

An order is a row. Whichever process comes first works on it page by page, see `mass_work.py`. In the
commit that takes a cascade, the authority and all below it are switched off: what is being signed for
them then meets another version of its authority and is not stored, and promises that are not signed
yet fail. So nothing is issued below while the order goes through, and nothing slips through.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from privyseal.ca.lookup import find_authority, is_gone, require_status
from privyseal.ca.model import Authority
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.below import ca_certificates, with_all_below
from privyseal.ca.revocation.invalidity import checked_invalidity_date
from privyseal.ca.revocation.mass_model import Filter, MassRevocation, Refusal, State, Step
from privyseal.ca.revocation.reasons import AWS_REASONS
from privyseal.ca.revocation.settings import crl_settings
from privyseal.ca.revocation.standing import Standing, standing
from privyseal.ca.revocation.urls import crl_name
from privyseal.ca.states import ANSWERS, REVOKES, Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import CertificateArn, new_id
from privyseal.store import Store, Tx

ACTION = "privyseal:OrderMassRevocation"
# How much of what could not be revoked is shown; all of it is counted.
MAX_REFUSALS = 100

# Where a page ends: the (created_at, id) of its last row.
Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """Without a filter it is a cascade. `revoked_elsewhere` says that the authority's own certificate was
    revoked by somebody whom we do not know, or that it is a root that nobody is to trust any more.
    """

    caller: Caller
    authority_arn: str
    filter: Filter | None
    reason: str
    invalidity_date: datetime | None = None
    revoked_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """An order as it stands: how far each authority is through, what was refused, and which CRLs are
    waited for.
    """

    order: MassRevocation
    steps: Sequence[tuple[Authority, Step]]
    refusals: Sequence[Refusal] = ()
    refused: int = 0
    waiting_for: Sequence[str] = ()


class MassRevoking:
    def __init__(self, store: Store, rows: Repositories, wake: Callable[[], None]) -> None:
        """`wake` tells the worker that there is a new order."""
        self._store = store
        self._rows = rows
        self._wake = wake

    def preview(self, request: OrderRequest) -> Progress:
        """What `order` would begin, with the number of certificates that are expected. Changes nothing."""

        def read(tx: Tx) -> Progress:
            order, authorities = self._plan(tx, request)
            wanted = wanted_of(order)
            steps = [
                replace(step, expected=self._rows.mass_revocations.count_candidates(tx, each.arn.id, wanted))
                for each, step in _steps(order, authorities)
            ]
            return Progress(order, list(zip(authorities, steps, strict=True)))

        return self._store.view(read)

    def order(self, request: OrderRequest) -> Progress:
        """Take an order; it is carried out in the background.

        Raises IN_PROGRESS while another one of the same authority is being carried out, INVALID_STATE
        for a cascade below an authority whose certificate is not revoked.
        """

        def write(tx: Tx) -> Progress:
            order, authorities = self._plan(tx, request)
            if order.filter is None:
                authorities = [switched_off(tx, self._rows, order, each) for each in authorities]
            steps = _steps(order, authorities)
            self._rows.mass_revocations.insert(tx, order)
            for _, step in steps:
                self._rows.mass_revocations.put_step(tx, step)
            detail = {"order": order.id, "scope": order.scope, "authorities": len(authorities)}
            tx.record(entry(ACTION, request.caller, str(order.authority), reason=order.reason, **detail))
            return Progress(order, steps)

        progress = self._store.transact(write)
        self._wake()
        return progress

    def show(self, caller: Caller, order_id: str) -> Progress:
        """Raises NOT_FOUND."""

        def read(tx: Tx) -> Progress:
            order = self._rows.mass_revocations.find(tx, caller.account, order_id)
            if order is None:
                raise PrivySealError(
                    ErrorCode.NOT_FOUND, f"There is no mass revocation {order_id!a} in this account."
                )
            return self._progress(tx, order)

        return self._store.view(read)

    def page(
        self, caller: Caller, after: Position | None, limit: int
    ) -> tuple[Sequence[Progress], Position | None]:
        """One page in order of time, and the position after it; None at the end."""

        def read(tx: Tx) -> tuple[Sequence[Progress], Position | None]:
            orders = self._rows.mass_revocations.page(tx, caller.account, after, limit + 1)
            last = orders[limit - 1] if len(orders) > limit else None
            shown = [self._progress(tx, each) for each in orders[:limit]]
            return shown, (last.created_at, last.id) if last else None

        return self._store.view(read)

    def _plan(self, tx: Tx, request: OrderRequest) -> tuple[MassRevocation, Sequence[Authority]]:
        """The order and the authorities that it goes through, from above to below."""
        if request.reason not in AWS_REASONS:
            raise PrivySealError(
                ErrorCode.VALIDATION,
                f"The reason is one of {', '.join(AWS_REASONS)}, not {request.reason!a}.",
            )
        if request.filter is not None and request.filter.is_empty:
            raise PrivySealError(
                ErrorCode.VALIDATION,
                "The filter says nothing: give a template, a part of the subject or a time of issue.",
            )
        authority = find_authority(tx, self._rows.authorities, request.caller, request.authority_arn)
        require_status(authority, tx.now, REVOKES)
        if running := self._rows.mass_revocations.running_on(tx, str(authority.arn)):
            raise PrivySealError(
                ErrorCode.IN_PROGRESS,
                f"The mass revocation {running.id} of {authority.arn} is not done yet. Wait for its end.",
            )
        order = MassRevocation(
            id=new_id(),
            authority=authority.arn,
            filter=request.filter,
            reason=request.reason,
            invalidity_date=checked_invalidity_date(request.invalidity_date, tx.now),
            caller=request.caller,
            state=State.RUNNING,
            created_at=tx.now,
            leased_until=tx.now,
        )
        if request.filter is not None:
            return order, [authority]
        self._check_revoked(tx, authority, revoked_elsewhere=request.revoked_elsewhere)
        return order, with_all_below(tx, self._rows, authority)

    def _check_revoked(self, tx: Tx, authority: Authority, *, revoked_elsewhere: bool) -> None:
        """Every certificate that an authority of this account has given it is revoked for good."""
        found = ca_certificates(tx, self._rows, authority)
        issuers = self._rows.authorities.find_many(tx, sorted({each.authority_id for each in found}))
        own = 0
        for each in found:
            issuer = issuers[each.authority_id]
            if issuer.arn.account != authority.arn.account or is_gone(issuer, tx.now):
                continue
            own += each.der == authority.certificate
            if standing(each) is not Standing.REVOKED:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    f"The authority's certificate {CertificateArn(issuer.arn, each.serial)} is not revoked: "
                    "revoke it first, then everything below it.",
                )
        if not own and not revoked_elsewhere:
            raise PrivySealError(
                ErrorCode.INVALID_STATE,
                f"The certificate of {authority.arn} is not from an authority of this account. Where it "
                "has been revoked elsewhere, or is a root to be trusted no more, order it with "
                "revoked_elsewhere (--revoked-elsewhere).",
            )

    def _progress(self, tx: Tx, order: MassRevocation) -> Progress:
        steps = self._rows.mass_revocations.steps(tx, order.id)
        authorities = self._rows.authorities.find_many(tx, [each.authority_id for each in steps])
        refusals, refused = self._rows.mass_revocations.refusals(tx, order.id, MAX_REFUSALS)
        return Progress(
            order,
            [(authorities[each.authority_id], each) for each in steps],
            refusals,
            refused,
            waiting_for(tx, self._rows, order) if order.state is State.PUBLISHING else (),
        )


def wanted_of(order: MassRevocation) -> Filter:
    """What is issued while an order goes through may be in it: a bound by the clock would leave out what was
    issued before the order and before the clock was set back.
    """
    return order.filter or Filter()


def switched_off(tx: Tx, rows: Repositories, order: MassRevocation, authority: Authority) -> Authority:
    """The authority as it issues nothing any more. One that has expired meanwhile stays off when it gets
    another certificate.
    """
    if authority.status is not Status.ACTIVE:
        return authority
    authority = replace(authority, status=Status.DISABLED, changed_at=tx.now, version=authority.version + 1)
    if not rows.authorities.update(tx, authority):
        raise PrivySealError(ErrorCode.CONFLICT, f"{authority.arn} was changed meanwhile. Try again.")
    detail = {"status": Status.DISABLED.value, "order": order.id}
    tx.record(entry("acm-pca:UpdateCertificateAuthority", order.caller, str(authority.arn), **detail))
    tx.invalidate()
    return authority


def waiting_for(tx: Tx, rows: Repositories, order: MassRevocation) -> Sequence[str]:
    """The names of the CRLs that do not say yet what the order has revoked. An authority that has no CRLs,
    or may make none in its state, is not waited for.
    """
    names: list[str] = []
    steps = [each for each in rows.mass_revocations.steps(tx, order.id) if each.last_revoked_at]
    authorities = rows.authorities.find_many(tx, [each.authority_id for each in steps])
    for step in steps:
        authority = authorities[step.authority_id]
        if authority.status_at(tx.now) in ANSWERS and crl_settings(authority) and step.last_revoked_at:
            partitions = rows.mass_revocations.unpublished(tx, step.authority_id, step.last_revoked_at)
            names += [crl_name(authority, partition) for partition in partitions]
    return names


def _steps(order: MassRevocation, authorities: Sequence[Authority]) -> list[tuple[Authority, Step]]:
    return [
        (each, Step(order.id, each.arn.id, position, each.version))
        for position, each in enumerate(authorities)
    ]
