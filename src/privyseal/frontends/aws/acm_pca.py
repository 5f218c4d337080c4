"""The operations of AWS Private CA: names and values in, names and values out.

Each is a thin translation; what they mean is in `privyseal.ca`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import convert, to_builtins

from privyseal.ca import limits
from privyseal.ca.authorities import WANTED
from privyseal.ca.certificates import GetRequest
from privyseal.ca.creation import KEY_STANDARD, CreateRequest
from privyseal.ca.model import GENERAL_PURPOSE, Authority, Tag
from privyseal.ca.preparing import IssueRequest
from privyseal.ca.service import CertificateAuthorities
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.model import Call, Operation, Service

T = TypeVar("T")


class Pool(Protocol):
    """Runs blocking work beside the event loop; `frontends.http.Pool`."""

    def run(self, function: Callable[..., T], *arguments: Any) -> Awaitable[T]: ...


def service(authorities: CertificateAuthorities, pool: Pool) -> Service:
    """acm-pca as a table of operations, for the dispatcher."""
    handlers = AcmPca(authorities, pool)
    operations = {
        name: Operation(name, shapes.OPERATIONS[name].request, handler)
        for name, handler in handlers.table().items()
    }
    return Service(name="acm-pca", signing_name="acm-pca", target="ACMPrivateCA", operations=operations)


class AcmPca:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def table(self) -> Mapping[str, Callable[[Call, Any], Awaitable[Any]]]:
        return {
            "CreateCertificateAuthority": self.create_certificate_authority,
            "DeleteCertificateAuthority": self.delete_certificate_authority,
            "DescribeCertificateAuthority": self.describe_certificate_authority,
            "GetCertificate": self.get_certificate,
            "GetCertificateAuthorityCertificate": self.get_certificate_authority_certificate,
            "GetCertificateAuthorityCsr": self.get_certificate_authority_csr,
            "ImportCertificateAuthorityCertificate": self.import_certificate_authority_certificate,
            "IssueCertificate": self.issue_certificate,
            "ListCertificateAuthorities": self.list_certificate_authorities,
            "ListTags": self.list_tags,
            "RestoreCertificateAuthority": self.restore_certificate_authority,
            "RevokeCertificate": self.revoke_certificate,
            "TagCertificateAuthority": self.tag_certificate_authority,
            "UntagCertificateAuthority": self.untag_certificate_authority,
            "UpdateCertificateAuthority": self.update_certificate_authority,
        }

    async def create_certificate_authority(
        self, call: Call, request: shapes.CreateCertificateAuthorityRequest
    ) -> shapes.CreateCertificateAuthorityResponse:
        config = request.certificate_authority_configuration
        wanted = CreateRequest(
            caller=_caller(call),
            region=call.region,
            type=request.certificate_authority_type,
            key_algorithm=config.key_algorithm,
            signing_algorithm=config.signing_algorithm,
            subject=to_builtins(config.subject),
            csr_extensions=_mapping(config.csr_extensions),
            revocation=_mapping(request.revocation_configuration),
            tags=_tags(request.tags),
            usage_mode=request.usage_mode or GENERAL_PURPOSE,
            key_standard=request.key_storage_security_standard or KEY_STANDARD,
            token=request.idempotency_token,
        )
        arn = await self._pool.run(self._ca.creation.create, wanted)
        return shapes.CreateCertificateAuthorityResponse(certificate_authority_arn=str(arn))

    async def describe_certificate_authority(
        self, call: Call, request: shapes.DescribeCertificateAuthorityRequest
    ) -> shapes.DescribeCertificateAuthorityResponse:
        authority, status = await self._pool.run(
            self._ca.authorities.describe, _caller(call), request.certificate_authority_arn
        )
        return shapes.DescribeCertificateAuthorityResponse(certificate_authority=_shape(authority, status))

    async def list_certificate_authorities(
        self, call: Call, request: shapes.ListCertificateAuthoritiesRequest
    ) -> shapes.ListCertificateAuthoritiesResponse:
        after = page_token.decode(request.next_token, page_token.ByTime) if request.next_token else None
        if request.resource_owner == "OTHER_ACCOUNTS":  # sharing does not exist yet
            return shapes.ListCertificateAuthoritiesResponse(certificate_authorities=[])
        limit = min(request.max_results or limits.MAX_PAGE, limits.MAX_PAGE)
        rows, end = await self._pool.run(self._ca.authorities.page, _caller(call), call.region, after, limit)
        return shapes.ListCertificateAuthoritiesResponse(
            certificate_authorities=[_shape(authority, status) for authority, status in rows],
            next_token=page_token.encode(*end) if end else None,
        )

    async def get_certificate_authority_csr(
        self, call: Call, request: shapes.GetCertificateAuthorityCsrRequest
    ) -> shapes.GetCertificateAuthorityCsrResponse:
        csr = await self._pool.run(self._ca.authorities.csr, _caller(call), request.certificate_authority_arn)
        return shapes.GetCertificateAuthorityCsrResponse(csr=csr)

    async def import_certificate_authority_certificate(
        self, call: Call, request: shapes.ImportCertificateAuthorityCertificateRequest
    ) -> None:
        await self._pool.run(
            self._ca.certification.install,
            _caller(call),
            request.certificate_authority_arn,
            request.certificate,
            request.certificate_chain,
        )

    async def get_certificate_authority_certificate(
        self, call: Call, request: shapes.GetCertificateAuthorityCertificateRequest
    ) -> shapes.GetCertificateAuthorityCertificateResponse:
        pem = await self._pool.run(
            self._ca.certification.certificate, _caller(call), request.certificate_authority_arn
        )
        return shapes.GetCertificateAuthorityCertificateResponse(
            certificate=pem.certificate, certificate_chain=pem.chain
        )

    async def update_certificate_authority(
        self, call: Call, request: shapes.UpdateCertificateAuthorityRequest
    ) -> None:
        if request.status is not None and request.status not in WANTED:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, "Status can be set to ACTIVE or DISABLED, and to nothing else."
            )
        revocation = _mapping(request.revocation_configuration)
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.authorities.update, _caller(call), arn, request.status, revocation)

    async def delete_certificate_authority(
        self, call: Call, request: shapes.DeleteCertificateAuthorityRequest
    ) -> None:
        days = request.permanent_deletion_time_in_days
        await self._pool.run(
            self._ca.authorities.delete, _caller(call), request.certificate_authority_arn, days
        )

    async def restore_certificate_authority(
        self, call: Call, request: shapes.RestoreCertificateAuthorityRequest
    ) -> None:
        await self._pool.run(self._ca.authorities.restore, _caller(call), request.certificate_authority_arn)

    async def issue_certificate(
        self, call: Call, request: shapes.IssueCertificateRequest
    ) -> shapes.IssueCertificateResponse:
        not_before = request.validity_not_before
        issued = await self._ca.issue(
            IssueRequest(
                caller=_caller(call),
                authority_arn=request.certificate_authority_arn,
                csr=request.csr,
                signing_algorithm=request.signing_algorithm,
                validity=(request.validity.type, request.validity.value),
                not_before=(not_before.type, not_before.value) if not_before else None,
                template_arn=request.template_arn,
                token=request.idempotency_token,
            )
        )
        return shapes.IssueCertificateResponse(certificate_arn=str(issued.arn))

    async def get_certificate(
        self, call: Call, request: shapes.GetCertificateRequest
    ) -> shapes.GetCertificateResponse:
        pem = await self._ca.get(
            GetRequest(_caller(call), request.certificate_authority_arn, request.certificate_arn)
        )
        return shapes.GetCertificateResponse(certificate=pem.certificate, certificate_chain=pem.chain)

    async def revoke_certificate(self, call: Call, request: shapes.RevokeCertificateRequest) -> None:
        await self._pool.run(
            self._ca.revocation.revoke,
            _caller(call),
            request.certificate_authority_arn,
            request.certificate_serial,
            request.revocation_reason,
        )

    async def tag_certificate_authority(
        self, call: Call, request: shapes.TagCertificateAuthorityRequest
    ) -> None:
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.tags.add, _caller(call), arn, _tags(request.tags))

    async def untag_certificate_authority(
        self, call: Call, request: shapes.UntagCertificateAuthorityRequest
    ) -> None:
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.tags.remove, _caller(call), arn, _tags(request.tags))

    async def list_tags(self, call: Call, request: shapes.ListTagsRequest) -> shapes.ListTagsResponse:
        (after,) = page_token.decode(request.next_token, page_token.ByName) if request.next_token else ("",)
        arn = request.certificate_authority_arn
        tags = [t for t in await self._pool.run(self._ca.tags.list, _caller(call), arn) if t.key > after]
        limit = request.max_results or limits.MAX_TAGS
        return shapes.ListTagsResponse(
            tags=[shapes.Tag(key=tag.key, value=tag.value) for tag in tags[:limit]],
            next_token=page_token.encode(tags[limit - 1].key) if len(tags) > limit else None,
        )


def _caller(call: Call) -> Caller:
    return Caller(call.principal.arn, call.account, call.request_id)


def _tags(tags: list[shapes.Tag] | None) -> list[Tag]:
    return [Tag(tag.key, tag.value) for tag in tags or []]


def _mapping(struct: Any) -> Mapping[str, Any] | None:
    return None if struct is None else to_builtins(struct)


def _shape(authority: Authority, status: Status) -> shapes.CertificateAuthority:
    configuration = {
        "KeyAlgorithm": authority.key_algorithm,
        "SigningAlgorithm": authority.signing_algorithm,
        "Subject": authority.subject,
        "CsrExtensions": authority.csr_extensions,
    }
    return shapes.CertificateAuthority(
        arn=str(authority.arn),
        owner_account=authority.arn.account,
        created_at=authority.created_at,
        last_state_change_at=authority.changed_at,
        type=authority.type,  # type: ignore[arg-type]  # stored as it came through the same shape
        serial=None if authority.serial is None else str(authority.serial),
        status=status.value,
        not_before=authority.not_before,
        not_after=authority.not_after,
        failure_reason=authority.failure_reason,  # type: ignore[arg-type]
        certificate_authority_configuration=convert(configuration, shapes.CertificateAuthorityConfiguration),
        revocation_configuration=convert(authority.revocation, shapes.RevocationConfiguration),
        restorable_until=authority.restorable_until,
        key_storage_security_standard=authority.key_standard,  # type: ignore[arg-type]
        usage_mode=authority.usage_mode,  # type: ignore[arg-type]
    )
