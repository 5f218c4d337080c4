"""Registrations of the API: what each registrar knows of a device's certificates, what is behind, and
orders to register what a registrar that was added later does not know.
"""

from dataclasses import astuple
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from privyseal.devices.catching_up import CatchingUp
from privyseal.devices.registered import Registered, RegistrationReader
from privyseal.devices.steps import Step
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    device_id: str
    certificate_arn: str
    registrar: str


class RegistrationEntry(Struct):
    registrar: str
    state: str  # of `devices.steps.StepState`
    wanted: str
    reference: str  # what the registrar calls the certificate
    due_at: datetime | None  # when it is tried next; null where it is not behind
    attempts: int  # that have failed since it was wanted
    problem: str  # of the last of them


class CertificateEntry(Struct):
    certificate_arn: str
    state: str
    not_after: datetime
    registrations: list[RegistrationEntry]


class DeviceCertificates(Struct):
    certificates: list[CertificateEntry]


class BehindEntry(RegistrationEntry):
    device_id: str
    certificate_arn: str


class BehindPage(Struct):
    registrations: list[BehindEntry]
    next: str | None


class OrderBody(Struct, forbid_unknown_fields=True):
    """One page: those after `after`, which is the `next` of the page before."""

    registrar: Annotated[str, Meta(min_length=1, max_length=200)] | None = None  # NAME or NAME/REGION; all
    after: Annotated[str, Meta(max_length=1000)] | None = None


class UnsuitableEntry(Struct):
    device_id: str
    registrar: str
    message: str


class OrderedPage(Struct):
    registrars: list[str]
    certificates: int  # in use, that were looked at
    ordered: int  # registrations that are behind since
    unsuitable: list[UnsuitableEntry]
    next: str | None


def endpoints(reader: RegistrationReader, catching_up: CatchingUp, pool: Pool) -> list[Endpoint]:
    registrations = _Registrations(reader, catching_up, pool)
    return [
        Endpoint("ListDeviceCertificates", "GET", ("devices", None, "certificates"), registrations.of_device),
        Endpoint("ListRegistrationsBehind", "GET", ("registrations",), registrations.behind, PAGE_PARAMETERS),
        Endpoint("OrderRegistrations", "POST", ("registrations",), registrations.order),
    ]


class _Registrations:
    def __init__(self, reader: RegistrationReader, catching_up: CatchingUp, pool: Pool) -> None:
        self._reader = reader
        self._catching_up = catching_up
        self._pool = pool

    async def of_device(self, call: Call) -> DeviceCertificates:
        (device_id,) = call.variables
        found = await self._pool.run(self._reader.of_device, call.caller, device_id)
        return DeviceCertificates([_certificate(each) for each in found])

    async def behind(self, call: Call) -> BehindPage:
        token = call.query.get("after")
        after = page_token.decode(token, _End) if token is not None else None
        rows, end = await self._pool.run(self._reader.behind, call.caller, after, page_size(call.query))
        return BehindPage([_behind(row) for row in rows], None if end is None else page_token.encode(*end))

    async def order(self, call: Call) -> OrderedPage:
        body = strict_json.decode(call.body, OrderBody)
        after = page_token.decode(body.after, page_token.ByName).name if body.after is not None else None
        found = await self._pool.run(self._catching_up.order, call.caller, body.registrar, after)
        unsuitable = [UnsuitableEntry(*astuple(each)) for each in found.unsuitable]
        end = page_token.encode(found.after) if found.after is not None else None
        return OrderedPage(list(found.registrars), found.certificates, found.ordered, unsuitable, end)


def _certificate(found: Registered) -> CertificateEntry:
    identity = found.identity
    steps = [RegistrationEntry(**_members(step)) for step in found.steps]
    return CertificateEntry(identity.arn, identity.state.value, identity.not_after, steps)


def _behind(step: Step) -> BehindEntry:
    return BehindEntry(**_members(step), device_id=step.device_id, certificate_arn=step.arn)


def _members(step: Step) -> dict[str, Any]:
    return {
        "registrar": step.registrar,
        "state": step.state.value,
        "wanted": step.wanted.value,
        "reference": step.reference,
        "due_at": step.due_at,
        "attempts": step.attempts,
        "problem": step.problem,
    }
