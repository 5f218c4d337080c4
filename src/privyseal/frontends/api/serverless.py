"""serverless-ca's certificates of the API: found by their common names, and taken over from a deployment."""

from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from privyseal.ca.adopting import Adopting, AdoptRequest
from privyseal.ca.model import ROOT, SUBORDINATE
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool
from privyseal.names import format_serial
from privyseal.serverless.migration import MOST, Item, Migration
from privyseal.serverless.search import Found, Position, Search
from privyseal.x509.pem import to_pem

_Pem = Annotated[str, Meta(max_length=65_536)]


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    issued_at: Annotated[datetime, Meta(tz=True)]
    serial: Annotated[str, Meta(pattern=r"\A([0-9a-f]{32}|[0-9a-f]{40})\Z")]


class ServerlessCertificate(Struct):
    common_name: str
    serial_number: str  # decimal, as in serverless-ca's answers and its table
    subject: str
    issued: datetime
    expires: datetime
    revoked: datetime | None
    revocation_reason: str | None
    notify_expiry: bool
    certificate: str  # PEM


class ServerlessPage(Struct):
    certificates: list[ServerlessCertificate]
    next: str | None


class AdoptAuthorityBody(Struct, forbid_unknown_fields=True):
    certificate: _Pem
    key: Annotated[str, Meta(min_length=1, max_length=2048)]  # its id, ARN or alias in AWS KMS
    crl_number: Annotated[int, Meta(ge=0, le=2**62)]  # of the last CRL of the other deployment
    chain: _Pem = ""  # PEM, from the issuer to the root; empty for a root
    dry_run: bool = False


class AdoptedAuthority(Struct):
    arn: str | None  # None: nothing was done
    new: bool


class ItemRow(Struct, forbid_unknown_fields=True):
    common_name: Annotated[str, Meta(min_length=1, max_length=256)]
    serial_number: Annotated[str, Meta(pattern=r"\A[0-9]{1,50}\Z")]
    certificate: _Pem
    revoked: Annotated[str, Meta(max_length=40)] | None = None
    notify_expiry: bool = False
    expiry_reminders: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=1000)] = []


class ImportItemsBody(Struct, forbid_unknown_fields=True):
    issuer: _Pem
    items: Annotated[list[ItemRow], Meta(min_length=1, max_length=MOST)]
    dry_run: bool = False


class ItemError(Struct):
    index: int
    code: str
    message: str


class ImportedItems(Struct):
    imported: int
    unchanged: int
    revoked: int
    errors: list[ItemError]


def endpoints(
    search: Search, adopting: Adopting, migration: Migration, region: str, pool: Pool
) -> list[Endpoint]:
    certificates = ServerlessCertificates(search, adopting, migration, region, pool=pool)
    base = ("serverless", "certificates")
    return [
        Endpoint(
            "FindServerlessCertificates", "GET", base, certificates.find, PAGE_PARAMETERS | {"common-name"}
        ),
        Endpoint("ImportServerlessCertificates", "POST", base, certificates.import_items),
        Endpoint(
            "ImportServerlessAuthority", "POST", ("serverless", "authorities"), certificates.import_authority
        ),
    ]


class ServerlessCertificates:
    def __init__(
        self, search: Search, adopting: Adopting, migration: Migration, region: str, *, pool: Pool
    ) -> None:
        self._search = search
        self._adopting = adopting
        self._migration = migration
        self._region = region
        self._pool = pool

    async def find(self, call: Call) -> ServerlessPage:
        name = call.query.get("common-name", "")
        if not name:
            text = "The parameter 'common-name' is missing: the common name of certificates."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        after, limit = _position(call.query.get("after")), page_size(call.query)
        found, end = await self._pool.run(self._search.named, call.caller, name, after, limit)
        token = page_token.encode(end[0], format_serial(end[1])) if end else None
        return ServerlessPage([_entry(each) for each in found], token)

    async def import_authority(self, call: Call) -> AdoptedAuthority:
        body = strict_json.decode(call.body, AdoptAuthorityBody)
        request = AdoptRequest(
            caller=call.caller,
            region=self._region,
            type=SUBORDINATE if body.chain else ROOT,
            certificate=body.certificate.encode(),
            chain=body.chain.encode() or None,
            key=body.key,
            crl_number=body.crl_number,
        )

        def adopt() -> AdoptedAuthority:
            arn, new = self._adopting.authority(request, dry_run=body.dry_run)
            return AdoptedAuthority(str(arn) if arn else None, new)

        return await self._pool.run(adopt)

    async def import_items(self, call: Call) -> ImportedItems:
        body = strict_json.decode(call.body, ImportItemsBody)
        items = [
            Item(
                row.common_name,
                row.serial_number,
                row.certificate,
                row.revoked,
                row.notify_expiry,
                row.expiry_reminders,
            )
            for row in body.items
        ]

        def take() -> ImportedItems:
            report = self._migration.items(call.caller, body.issuer, items, dry_run=body.dry_run)
            errors = [ItemError(n, e.code.value, e.message) for n, e in sorted(report.refused.items())]
            return ImportedItems(report.imported, report.unchanged, report.revoked, errors)

        return await self._pool.run(take)


def _position(token: str | None) -> Position | None:
    if token is None:
        return None
    end = page_token.decode(token, _End)
    return end.issued_at, int(end.serial, 16)


def _entry(found: Found) -> ServerlessCertificate:
    issue, row = found.issue, found.certificate
    return ServerlessCertificate(
        common_name=issue.common_name,
        serial_number=str(issue.serial),
        subject=issue.subject,
        issued=issue.issued_at,
        expires=issue.expires_at,
        revoked=row.revoked_at,
        revocation_reason=row.revocation_reason,
        notify_expiry=issue.notify_expiry,
        certificate=to_pem(row.der),
    )
