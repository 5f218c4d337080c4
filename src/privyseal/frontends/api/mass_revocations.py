"""Mass revocations of the API: ordered, looked at, listed."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from privyseal.ca.model import Authority
from privyseal.ca.revocation.mass import MassRevoking, OrderRequest, Position, Progress
from privyseal.ca.revocation.mass_model import CASCADE, Filter, Step
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool

Time = Annotated[datetime, Meta(tz=True)]
# As long as anything that a certificate has.
Text = Annotated[str, Meta(min_length=1, max_length=1024)]


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    created_at: Time
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f-]{36}\Z")]


class FilterRow(Struct, forbid_unknown_fields=True):
    """What certificates must fit; all that is given counts."""

    template: Text | None = None  # EndEntityCertificate/V1
    subject: Text | None = None  # a part of the subject, as the list of certificates shows it
    issued_after: Time | None = None
    issued_before: Time | None = None


class OrderBody(Struct, forbid_unknown_fields=True):
    authority_arn: str
    reason: str
    scope: Literal["CASCADE", "FILTER"]
    filter: FilterRow | None = None
    invalidity_date: Time | None = None
    revoked_elsewhere: bool = False
    dry_run: bool = False


class AuthorityProgress(Struct):
    arn: str
    subject: str | None
    done: bool
    expected: int | None  # None: not counted yet
    revoked: int


class RefusalEntry(Struct):
    resource: str
    message: str


class MassRevocationEntry(Struct):
    id: str | None  # None: a dry run
    state: str | None
    authority_arn: str
    scope: str
    filter: FilterRow | None
    reason: str
    invalidity_date: datetime | None
    created_at: datetime
    finished_at: datetime | None
    failure: str | None
    expected: int | None
    revoked: int
    authorities: list[AuthorityProgress]
    refused: int
    refusals: list[RefusalEntry]  # the first of them
    waiting_for: list[str]  # names of CRLs


class MassRevocationPage(Struct):
    mass_revocations: list[MassRevocationEntry]
    next: str | None


def endpoints(revoking: MassRevoking, pool: Pool) -> list[Endpoint]:
    orders = MassRevocations(revoking, pool)
    here = "mass-revocations"
    return [
        Endpoint("OrderMassRevocation", "POST", (here,), orders.order),
        Endpoint("ListMassRevocations", "GET", (here,), orders.list_orders, PAGE_PARAMETERS),
        Endpoint("GetMassRevocation", "GET", (here, None), orders.show),
    ]


class MassRevocations:
    def __init__(self, revoking: MassRevoking, pool: Pool) -> None:
        self._revoking = revoking
        self._pool = pool

    async def order(self, call: Call) -> MassRevocationEntry:
        body = strict_json.decode(call.body, OrderBody)
        request = OrderRequest(
            caller=call.caller,
            authority_arn=body.authority_arn,
            filter=_filter(body),
            reason=body.reason,
            invalidity_date=body.invalidity_date,
            revoked_elsewhere=body.revoked_elsewhere,
        )
        if body.dry_run:
            return _entry(await self._pool.run(self._revoking.preview, request), dry_run=True)
        return _entry(await self._pool.run(self._revoking.order, request))

    async def show(self, call: Call) -> MassRevocationEntry:
        (order_id,) = call.variables
        return _entry(await self._pool.run(self._revoking.show, call.caller, order_id))

    async def list_orders(self, call: Call) -> MassRevocationPage:
        after = _position(call.query.get("after"))
        rows, end = await self._pool.run(self._revoking.page, call.caller, after, page_size(call.query))
        return MassRevocationPage([_entry(row) for row in rows], page_token.encode(*end) if end else None)


def _position(token: str | None) -> Position | None:
    if token is None:
        return None
    end = page_token.decode(token, _End)
    return end.created_at, end.id


def _filter(body: OrderBody) -> Filter | None:
    """Scope and filter say the same twice, so that neither is forgotten."""
    if body.scope == CASCADE:
        if body.filter is not None:
            raise PrivySealError(ErrorCode.VALIDATION, "A cascade takes everything: it has no filter.")
        return None
    if body.filter is None or body.revoked_elsewhere:
        raise PrivySealError(ErrorCode.VALIDATION, "The scope FILTER has a filter, and no revoked_elsewhere.")
    row = body.filter
    return Filter(row.template, row.subject, row.issued_after, row.issued_before)


def _entry(progress: Progress, *, dry_run: bool = False) -> MassRevocationEntry:
    order, steps = progress.order, [step for _, step in progress.steps]
    counts = [step.expected for step in steps if step.expected is not None]
    return MassRevocationEntry(
        id=None if dry_run else order.id,
        state=None if dry_run else order.state.value,
        authority_arn=str(order.authority),
        scope=order.scope,
        filter=_filter_row(order.filter) if order.filter else None,
        reason=order.reason,
        invalidity_date=order.invalidity_date,
        created_at=order.created_at,
        finished_at=order.finished_at,
        failure=order.failure,
        expected=sum(counts) if len(counts) == len(steps) else None,
        revoked=sum(step.revoked for step in steps),
        authorities=[_authority(*each) for each in progress.steps],
        refused=progress.refused,
        refusals=[RefusalEntry(each.resource, each.message) for each in progress.refusals],
        waiting_for=list(progress.waiting_for),
    )


def _filter_row(wanted: Filter) -> FilterRow:
    return FilterRow(wanted.template, wanted.subject, wanted.issued_after, wanted.issued_before)


def _authority(authority: Authority, step: Step) -> AuthorityProgress:
    return AuthorityProgress(
        str(authority.arn), authority.subject.get("CommonName"), step.done, step.expected, step.revoked
    )
