"""Revoking by the API: what acm-pca has no operation for. Certificates are named by ARN, by public key or
by the device whose key they have; revoked, held, released.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from privyseal.ca.revocation.named import Name, NamedRevoking, Outcome, Result, Revoke
from privyseal.caller import Caller
from privyseal.devices.registry import Registry
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.api.model import Call, Endpoint
from privyseal.frontends.http import Pool
from privyseal.names import format_serial

Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{64}\Z")]
MAX_ROWS = 1000
Order = TypeVar("Order")


class Row(Struct, forbid_unknown_fields=True):
    """Names with exactly one of the three."""

    certificate_arn: str | None = None
    public_key_sha256: Sha256 | None = None  # of the DER SubjectPublicKeyInfo
    device_id: str | None = None


class RevokeRow(Row, forbid_unknown_fields=True):
    reason: str = "UNSPECIFIED"  # of acm-pca, or CERTIFICATE_HOLD
    invalidity_date: Annotated[datetime, Meta(tz=True)] | None = None


class RevokeRequest(Struct, forbid_unknown_fields=True):
    revocations: Annotated[list[RevokeRow], Meta(min_length=1, max_length=MAX_ROWS)]
    dry_run: bool = False


class ReleaseRequest(Struct, forbid_unknown_fields=True):
    releases: Annotated[list[Row], Meta(min_length=1, max_length=MAX_ROWS)]
    dry_run: bool = False


class CertificateOutcome(Struct):
    arn: str
    serial: str
    subject: str
    changed: bool
    revoked_at: datetime | None
    revocation_reason: str | None
    invalidity_date: datetime | None


class RowResult(Struct):
    """Of a row that was not refused: every certificate that it means, as it is now."""

    index: int
    certificates: list[CertificateOutcome]


class RowError(Struct):
    index: int
    code: str
    message: str


class RevocationResponse(Struct):
    dry_run: bool
    changed: int
    results: list[RowResult]
    errors: list[RowError]


def endpoints(revoking: NamedRevoking, devices: Registry, pool: Pool) -> list[Endpoint]:
    revocations = Revocations(revoking, devices, pool)
    return [
        Endpoint("RevokeCertificates", "POST", ("revocations",), revocations.revoke),
        Endpoint("ReleaseCertificates", "POST", ("releases",), revocations.release),
    ]


class Revocations:
    def __init__(self, revoking: NamedRevoking, devices: Registry, pool: Pool) -> None:
        self._revoking = revoking
        self._devices = devices
        self._pool = pool

    async def revoke(self, call: Call) -> RevocationResponse:
        asked = strict_json.decode(call.body, RevokeRequest)
        return await self._pool.run(self._revoke, call.caller, asked)

    async def release(self, call: Call) -> RevocationResponse:
        asked = strict_json.decode(call.body, ReleaseRequest)
        return await self._pool.run(self._release, call.caller, asked)

    def _revoke(self, caller: Caller, asked: RevokeRequest) -> RevocationResponse:
        orders = [
            name
            if isinstance(name := self._name(caller, row), PrivySealError)
            else Revoke(name, row.reason, row.invalidity_date)
            for row in asked.revocations
        ]
        results = _each(orders, lambda good: self._revoking.revoke(caller, good, dry_run=asked.dry_run))
        return _response(results, dry_run=asked.dry_run)

    def _release(self, caller: Caller, asked: ReleaseRequest) -> RevocationResponse:
        names = [self._name(caller, row) for row in asked.releases]
        results = _each(names, lambda good: self._revoking.release(caller, good, dry_run=asked.dry_run))
        return _response(results, dry_run=asked.dry_run)

    def _name(self, caller: Caller, row: Row) -> Name | PrivySealError:
        given = [row.certificate_arn, row.public_key_sha256, row.device_id]
        if sum(each is not None for each in given) != 1:
            return PrivySealError(
                ErrorCode.VALIDATION, "Give either certificate_arn, public_key_sha256 or device_id."
            )
        if row.device_id is not None:
            return self._device_key(caller, row.device_id)
        if row.public_key_sha256 is not None:
            return Name(key_digest=bytes.fromhex(row.public_key_sha256))
        return Name(arn=row.certificate_arn)

    def _device_key(self, caller: Caller, device_id: str) -> Name | PrivySealError:
        """A registered key never changes, so it may be read before the transaction that revokes."""
        try:
            device = self._devices.show(caller, device_id)
        except PrivySealError as error:
            return error
        return Name(key_digest=hashlib.sha256(device.public_key).digest())


def _each(
    orders: Sequence[Order | PrivySealError], run: Callable[[list[Order]], Sequence[Result]]
) -> list[Result]:
    """What is no order keeps its error; the others are carried out together."""
    good = [order for order in orders if not isinstance(order, PrivySealError)]
    answers = iter(run(good) if good else [])
    return [order if isinstance(order, PrivySealError) else next(answers) for order in orders]


def _response(results: Sequence[Result], *, dry_run: bool) -> RevocationResponse:
    found = [(n, each) for n, each in enumerate(results) if not isinstance(each, PrivySealError)]
    refused = [(n, each) for n, each in enumerate(results) if isinstance(each, PrivySealError)]
    return RevocationResponse(
        dry_run=dry_run,
        changed=sum(outcome.changed for _, outcomes in found for outcome in outcomes),
        results=[RowResult(n, [_certificate(each) for each in outcomes]) for n, outcomes in found],
        errors=[RowError(n, error.code.value, error.message) for n, error in refused],
    )


def _certificate(outcome: Outcome) -> CertificateOutcome:
    return CertificateOutcome(
        arn=str(outcome.arn),
        serial=format_serial(outcome.arn.serial),
        subject=outcome.certificate.subject,
        changed=outcome.changed,
        revoked_at=outcome.certificate.revoked_at,
        revocation_reason=outcome.certificate.revocation_reason,
        invalidity_date=outcome.certificate.invalidity_date,
    )
