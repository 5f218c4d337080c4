"""Rotations of the authority that issues for devices: started, looked at, resumed, aborted."""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from privyseal.ca.revocation.settings import crl_settings, ocsp_settings
from privyseal.devices.ca_rotation.model import Plan, Rotation, Until
from privyseal.devices.ca_rotation.orders import CaRotating, Position, Preview, Progress, StartRequest
from privyseal.devices.ca_rotation.plan import Wishes
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool

HowFar = Literal["registered", "switched", "completed"]
Text = Annotated[str, Meta(min_length=1, max_length=64)]
# A CertificateChain of the acm-pca service model has 2 MB at most; what has been issued here is far smaller.
Pem = Annotated[str, Meta(max_length=256 * 1024)]


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    created_at: Annotated[datetime, Meta(tz=True)]
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f-]{36}\Z")]


class StartBody(Struct, forbid_unknown_fields=True):
    """What is not said is as the old authority has it."""

    until: HowFar = "switched"
    reason: str = "SUPERSEDED"
    common_name: Text | None = None
    key_algorithm: Text | None = None
    signing_algorithm: Text | None = None
    validity_days: Annotated[int, Meta(ge=1, le=36500)] | None = None
    dry_run: bool = False


class ResumeBody(Struct, forbid_unknown_fields=True):
    until: HowFar = "completed"
    certificate: Pem | None = None
    certificate_chain: Pem | None = None
    revoked_elsewhere: bool = False


class AbortBody(Struct, forbid_unknown_fields=True):
    pass


class PlanEntry(Struct):
    subject: dict[str, Any]
    key_algorithm: str
    signing_algorithm: str
    validity_days: int
    parent_arn: str | None  # None: somebody elsewhere has to certify it


class TakenOverEntry(Struct):
    """What the new authority has of the old one."""

    permissions: list[str]  # principals
    policy: bool
    tags: list[str]  # keys
    crls: bool
    ocsp: bool


class StepEntry(Struct):
    step: str
    done_at: datetime
    detail: str


class CaRotationEntry(Struct):
    id: str | None  # None: a dry run
    state: str | None
    next_step: str | None  # None: there is none any more
    until: str
    old_authority_arn: str
    new_authority_arn: str | None
    plan: PlanEntry
    reason: str
    created_at: datetime | None
    finished_at: datetime | None
    failure: str | None
    csr: str | None  # to be signed by whoever certifies the new authority
    mass_revocation: str | None
    steps: list[StepEntry]
    devices_over: int  # with a certificate from the new authority
    devices_waiting: int  # … from the old one
    registrars: list[str] | None = None  # of a dry run, like the next two
    taken_over: TakenOverEntry | None = None
    certificates_to_revoke: int | None = None


class CaRotationPage(Struct):
    ca_rotations: list[CaRotationEntry]
    next: str | None


def endpoints(rotating: CaRotating, pool: Pool) -> list[Endpoint]:
    rotations = CaRotations(rotating, pool)
    here = "ca-rotations"
    return [
        Endpoint("StartCaRotation", "POST", (here,), rotations.start),
        Endpoint("ListCaRotations", "GET", (here,), rotations.list_rotations, PAGE_PARAMETERS),
        Endpoint("GetCaRotation", "GET", (here, None), rotations.show),
        Endpoint("ResumeCaRotation", "POST", (here, None, "resume"), rotations.resume),
        Endpoint("AbortCaRotation", "POST", (here, None, "abort"), rotations.abort),
    ]


class CaRotations:
    def __init__(self, rotating: CaRotating, pool: Pool) -> None:
        self._rotating = rotating
        self._pool = pool

    async def start(self, call: Call) -> CaRotationEntry:
        body = strict_json.decode(call.body, StartBody)
        wishes = Wishes(body.common_name, body.key_algorithm, body.signing_algorithm, body.validity_days)
        request = StartRequest(call.caller, wishes, body.reason, Until(body.until))
        if body.dry_run:
            return _previewed(await self._pool.run(self._rotating.preview, request), request)
        return _entry(await self._pool.run(self._rotating.start, request))

    async def show(self, call: Call) -> CaRotationEntry:
        (rotation_id,) = call.variables
        return _entry(await self._pool.run(self._rotating.show, call.caller, rotation_id))

    async def list_rotations(self, call: Call) -> CaRotationPage:
        after = _position(call.query.get("after"))
        rows, end = await self._pool.run(self._rotating.page, call.caller, after, page_size(call.query))
        return CaRotationPage([_entry(row) for row in rows], page_token.encode(*end) if end else None)

    async def resume(self, call: Call) -> CaRotationEntry:
        (rotation_id,) = call.variables
        body = strict_json.decode(call.body, ResumeBody)
        if body.certificate_chain is not None and body.certificate is None:
            raise PrivySealError(ErrorCode.VALIDATION, "A certificate_chain comes with a certificate.")
        found = await self._pool.run(
            self._rotating.resume,
            call.caller,
            rotation_id,
            Until(body.until),
            certificate=_octets(body.certificate),
            chain=_octets(body.certificate_chain),
            revoked_elsewhere=body.revoked_elsewhere,
        )
        return _entry(found)

    async def abort(self, call: Call) -> CaRotationEntry:
        (rotation_id,) = call.variables
        strict_json.decode(call.body or b"{}", AbortBody)
        return _entry(await self._pool.run(self._rotating.abort, call.caller, rotation_id))


def _octets(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _position(token: str | None) -> Position | None:
    if token is None:
        return None
    end = page_token.decode(token, _End)
    return end.created_at, end.id


def _previewed(preview: Preview, request: StartRequest) -> CaRotationEntry:
    return CaRotationEntry(
        id=None,
        state=None,
        next_step=None,
        until=request.until.value,
        old_authority_arn=str(preview.old.arn),
        new_authority_arn=None,
        plan=_plan(preview.plan),
        reason=request.reason,
        created_at=None,
        finished_at=None,
        failure=None,
        csr=None,
        mass_revocation=None,
        steps=[],
        devices_over=0,
        devices_waiting=preview.devices,
        registrars=list(preview.registrars),
        taken_over=_taken_over(preview),
        certificates_to_revoke=preview.certificates,
    )


def _taken_over(preview: Preview) -> TakenOverEntry:
    taken = preview.taken
    return TakenOverEntry(
        [each.principal for each in taken.permissions],
        taken.policy is not None,
        [each.key for each in taken.tags],
        crl_settings(preview.old) is not None,
        ocsp_settings(preview.old) is not None,
    )


def _plan(plan: Plan) -> PlanEntry:
    return PlanEntry(
        dict(plan.subject), plan.key_algorithm, plan.signing_algorithm, plan.validity_days, plan.parent
    )


def _entry(progress: Progress) -> CaRotationEntry:
    rotation: Rotation = progress.rotation
    return CaRotationEntry(
        id=rotation.id,
        state=rotation.state.value,
        next_step=None if rotation.finished_at else rotation.step.value,
        until=rotation.until.value,
        old_authority_arn=str(rotation.old),
        new_authority_arn=rotation.new,
        plan=_plan(rotation.plan),
        reason=rotation.reason,
        created_at=rotation.created_at,
        finished_at=rotation.finished_at,
        failure=rotation.failure,
        csr=progress.csr,
        mass_revocation=rotation.mass_revocation,
        steps=[StepEntry(each.step.value, each.at, each.detail) for each in progress.done],
        devices_over=progress.devices_over,
        devices_waiting=progress.devices_waiting,
    )
