"""The operations on authorities: made, described, listed, switched, deleted, restored."""

from collections.abc import Mapping

from msgspec import convert, to_builtins

from privyseal.ca import limits
from privyseal.ca.authorities import WANTED
from privyseal.ca.creation import KEY_STANDARD, CreateRequest
from privyseal.ca.model import GENERAL_PURPOSE, Authority
from privyseal.ca.service import CertificateAuthorities
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.acm_pca.values import tags_of
from privyseal.frontends.aws.calling import Pool, caller, mapping
from privyseal.frontends.aws.model import Call, Handler


class Authorities:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "CreateCertificateAuthority": self.create_certificate_authority,
            "DescribeCertificateAuthority": self.describe_certificate_authority,
            "ListCertificateAuthorities": self.list_certificate_authorities,
            "UpdateCertificateAuthority": self.update_certificate_authority,
            "DeleteCertificateAuthority": self.delete_certificate_authority,
            "RestoreCertificateAuthority": self.restore_certificate_authority,
        }

    async def create_certificate_authority(
        self, call: Call, request: shapes.CreateCertificateAuthorityRequest
    ) -> shapes.CreateCertificateAuthorityResponse:
        config = request.certificate_authority_configuration
        wanted = CreateRequest(
            caller=caller(call),
            region=call.region,
            type=request.certificate_authority_type,
            key_algorithm=config.key_algorithm,
            signing_algorithm=config.signing_algorithm,
            subject=to_builtins(config.subject),
            csr_extensions=mapping(config.csr_extensions),
            revocation=mapping(request.revocation_configuration),
            tags=tags_of(request.tags),
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
            self._ca.authorities.describe, caller(call), request.certificate_authority_arn
        )
        return shapes.DescribeCertificateAuthorityResponse(certificate_authority=_shape(authority, status))

    async def list_certificate_authorities(
        self, call: Call, request: shapes.ListCertificateAuthoritiesRequest
    ) -> shapes.ListCertificateAuthoritiesResponse:
        after = page_token.decode(request.next_token, page_token.ByTime) if request.next_token else None
        if request.resource_owner == "OTHER_ACCOUNTS":  # sharing does not exist yet
            return shapes.ListCertificateAuthoritiesResponse(certificate_authorities=[])
        limit = min(request.max_results or limits.MAX_PAGE, limits.MAX_PAGE)
        rows, end = await self._pool.run(self._ca.authorities.page, caller(call), call.region, after, limit)
        return shapes.ListCertificateAuthoritiesResponse(
            certificate_authorities=[_shape(authority, status) for authority, status in rows],
            next_token=page_token.encode(*end) if end else None,
        )

    async def update_certificate_authority(
        self, call: Call, request: shapes.UpdateCertificateAuthorityRequest
    ) -> None:
        if request.status is not None and request.status not in WANTED:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, "Status can be set to ACTIVE or DISABLED, and to nothing else."
            )
        revocation = mapping(request.revocation_configuration)
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.authorities.update, caller(call), arn, request.status, revocation)

    async def delete_certificate_authority(
        self, call: Call, request: shapes.DeleteCertificateAuthorityRequest
    ) -> None:
        days = request.permanent_deletion_time_in_days
        await self._pool.run(
            self._ca.authorities.delete, caller(call), request.certificate_authority_arn, days
        )

    async def restore_certificate_authority(
        self, call: Call, request: shapes.RestoreCertificateAuthorityRequest
    ) -> None:
        await self._pool.run(self._ca.authorities.restore, caller(call), request.certificate_authority_arn)


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
