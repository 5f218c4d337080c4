"""The operations that make certificates: requested or imported."""

from collections.abc import Mapping

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.acm.tags import tags_of
from privyseal.frontends.aws.calling import caller, mapping
from privyseal.frontends.aws.model import Call, Handler
from privyseal.managed.importing import ImportCertificate
from privyseal.managed.limits import KEY_ALGORITHMS
from privyseal.managed.requesting import RequestCertificate
from privyseal.x509.refusal import shown


class Requests(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {"RequestCertificate": self.request_certificate, "ImportCertificate": self.import_certificate}

    async def request_certificate(
        self, call: Call, request: shapes.RequestCertificateRequest
    ) -> shapes.RequestCertificateResponse:
        """How a domain is validated is of no account: a private certificate needs no validation."""
        _check_validation(request)
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


def _check_validation(request: shapes.RequestCertificateRequest) -> None:
    """What would be dropped in silence is refused; options of the request's own domains do no harm."""
    if request.managed_by:
        text = f"No certificate here is managed by {request.managed_by}: leave out ManagedBy."
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    named = {each.lower() for each in (request.domain_name, *(request.subject_alternative_names or ()))}
    for option in request.domain_validation_options or ():
        if option.domain_name.lower() not in named:
            text = (
                f"DomainValidationOptions has {shown(option.domain_name)}, which is no name of the request."
            )
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
