"""Registrations of the API: what each registrar knows of a device's certificates, and what is behind."""

from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from privyseal.devices.registered import Registered, RegistrationReader
from privyseal.devices.steps import Step
from privyseal.frontends import page_token
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


def endpoints(reader: RegistrationReader, pool: Pool) -> list[Endpoint]:
    registrations = _Registrations(reader, pool)
    return [
        Endpoint("ListDeviceCertificates", "GET", ("devices", None, "certificates"), registrations.of_device),
        Endpoint("ListRegistrationsBehind", "GET", ("registrations",), registrations.behind, PAGE_PARAMETERS),
    ]


class _Registrations:
    def __init__(self, reader: RegistrationReader, pool: Pool) -> None:
        self._reader = reader
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
