"""The operations that make certificates: requested or imported."""

from collections.abc import Mapping

from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.acm.tags import tags_of
from privyseal.frontends.aws.calling import caller, mapping
from privyseal.frontends.aws.model import Call, Handler
from privyseal.managed.importing import ImportCertificate
from privyseal.managed.limits import KEY_ALGORITHMS
from privyseal.managed.requesting import RequestCertificate


class Requests(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {"RequestCertificate": self.request_certificate, "ImportCertificate": self.import_certificate}

    async def request_certificate(
        self, call: Call, request: shapes.RequestCertificateRequest
    ) -> shapes.RequestCertificateResponse:
        """How a domain is validated is of no account: a private certificate needs no validation."""
        wanted = RequestCertificate(
            caller=caller(call),
            region=call.region,
            domain=request.domain_name,
            names=request.subject_alternative_names or (),
            authority_arn=request.certificate_authority_arn,
            key_algorithm=request.key_algorithm or KEY_ALGORITHMS[0],
            options=mapping(request.options) or {},
            tags=tags_of(request.tags),
            token=request.idempotency_token,
        )
        arn = await self._pool.run(self._managed.requesting.request, wanted)
        return shapes.RequestCertificateResponse(certificate_arn=str(arn))

    async def import_certificate(
        self, call: Call, request: shapes.ImportCertificateRequest
    ) -> shapes.ImportCertificateResponse:
        given = ImportCertificate(
            caller=caller(call),
            region=call.region,
            certificate=request.certificate,
            private_key=request.private_key,
            chain=request.certificate_chain,
            arn=request.certificate_arn,
            tags=tags_of(request.tags),
        )
        arn = await self._pool.run(self._managed.importing.import_certificate, given)
        return shapes.ImportCertificateResponse(certificate_arn=str(arn))
