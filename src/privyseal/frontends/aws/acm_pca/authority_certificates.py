"""The operations on an authority's own certificate: its CSR, the import, the answer."""

from collections.abc import Mapping

from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.model import Call, Handler


class AuthorityCertificates:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GetCertificateAuthorityCsr": self.get_certificate_authority_csr,
            "ImportCertificateAuthorityCertificate": self.import_certificate_authority_certificate,
            "GetCertificateAuthorityCertificate": self.get_certificate_authority_certificate,
        }

    async def get_certificate_authority_csr(
        self, call: Call, request: shapes.GetCertificateAuthorityCsrRequest
    ) -> shapes.GetCertificateAuthorityCsrResponse:
        csr = await self._pool.run(self._ca.authorities.csr, caller(call), request.certificate_authority_arn)
        return shapes.GetCertificateAuthorityCsrResponse(csr=csr)

    async def import_certificate_authority_certificate(
        self, call: Call, request: shapes.ImportCertificateAuthorityCertificateRequest
    ) -> None:
        await self._pool.run(
            self._ca.certification.install,
            caller(call),
            request.certificate_authority_arn,
            request.certificate,
            request.certificate_chain,
        )

    async def get_certificate_authority_certificate(
        self, call: Call, request: shapes.GetCertificateAuthorityCertificateRequest
    ) -> shapes.GetCertificateAuthorityCertificateResponse:
        pem = await self._pool.run(
            self._ca.certification.certificate, caller(call), request.certificate_authority_arn
        )
        return shapes.GetCertificateAuthorityCertificateResponse(
            certificate=pem.certificate, certificate_chain=pem.chain
        )
