"""The operations on issued certificates."""

from collections.abc import Mapping

from privyseal.ca.certificates import GetRequest
from privyseal.ca.requests import IssueRequest
from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.calling import Pool, caller, mapping
from privyseal.frontends.aws.model import Call, Handler


class Certificates:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "IssueCertificate": self.issue_certificate,
            "GetCertificate": self.get_certificate,
            "RevokeCertificate": self.revoke_certificate,
        }

    async def issue_certificate(
        self, call: Call, request: shapes.IssueCertificateRequest
    ) -> shapes.IssueCertificateResponse:
        not_before = request.validity_not_before
        arn = await self._ca.issue(
            IssueRequest(
                caller=caller(call),
                authority_arn=request.certificate_authority_arn,
                csr=request.csr,
                signing_algorithm=request.signing_algorithm,
                validity=(request.validity.type, request.validity.value),
                not_before=(not_before.type, not_before.value) if not_before else None,
                template_arn=request.template_arn,
                api_passthrough=mapping(request.api_passthrough),
                token=request.idempotency_token,
            )
        )
        return shapes.IssueCertificateResponse(certificate_arn=str(arn))

    async def get_certificate(
        self, call: Call, request: shapes.GetCertificateRequest
    ) -> shapes.GetCertificateResponse:
        pem = await self._ca.get(
            GetRequest(caller(call), request.certificate_authority_arn, request.certificate_arn)
        )
        return shapes.GetCertificateResponse(certificate=pem.certificate, certificate_chain=pem.chain)

    async def revoke_certificate(self, call: Call, request: shapes.RevokeCertificateRequest) -> None:
        await self._pool.run(
            self._ca.revocation.revoke,
            caller(call),
            request.certificate_authority_arn,
            request.certificate_serial,
            request.revocation_reason,
        )
