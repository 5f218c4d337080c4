"""Certificates of the API: the list of what an authority has issued, which acm-pca lacks."""

from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from privyseal.ca.certificates import CertificateReader, Position
from privyseal.ca.model import Certificate
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool
from privyseal.names import AuthorityArn, CertificateArn, format_serial


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    issued_at: Annotated[datetime, Meta(tz=True)]
    serial: Annotated[str, Meta(pattern=r"\A([0-9a-f]{32}|[0-9a-f]{40})\Z")]


class CertificateEntry(Struct):
    arn: str
    authority_arn: str
    serial: str  # hexadecimal, 32 digits
    subject: str  # RFC 4514
    template: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    revoked_at: datetime | None
    revocation_reason: str | None  # CERTIFICATE_HOLD: it may be released again
    invalidity_date: datetime | None


class CertificatePage(Struct):
    certificates: list[CertificateEntry]
    next: str | None


def endpoints(reader: CertificateReader, pool: Pool) -> list[Endpoint]:
    certificates = Certificates(reader, pool)
    parameters = PAGE_PARAMETERS | {"authority"}
    return [
        Endpoint("ListCertificates", "GET", ("certificates",), certificates.list_certificates, parameters)
    ]


class Certificates:
    def __init__(self, reader: CertificateReader, pool: Pool) -> None:
        self._reader = reader
        self._pool = pool

    async def list_certificates(self, call: Call) -> CertificatePage:
        if "authority" not in call.query:
            text = "The parameter 'authority' is missing: the ARN of a certificate authority."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        authority = AuthorityArn.parse(call.query["authority"])
        after, limit = _position(call.query.get("after")), page_size(call.query)
        rows, end = await self._pool.run(self._reader.page, call.caller, str(authority), after, limit)
        return CertificatePage(
            [_entry(authority, row) for row in rows],
            page_token.encode(end[0], format_serial(end[1])) if end else None,
        )


def _position(token: str | None) -> Position | None:
    if token is None:
        return None
    end = page_token.decode(token, _End)
    return end.issued_at, int(end.serial, 16)


def _entry(authority: AuthorityArn, row: Certificate) -> CertificateEntry:
    return CertificateEntry(
        arn=str(CertificateArn(authority, row.serial)),
        authority_arn=str(authority),
        serial=format_serial(row.serial),
        subject=row.subject,
        template=row.template,
        not_before=row.not_before,
        not_after=row.not_after,
        issued_at=row.issued_at,
        revoked_at=row.revoked_at,
        revocation_reason=row.revocation_reason,
        invalidity_date=row.invalidity_date,
    )
