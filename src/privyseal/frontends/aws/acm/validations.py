"""The operations on the validation of domains, which no certificate here needs."""

from collections.abc import Mapping
from typing import NoReturn

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller
from privyseal.frontends.aws.model import Call, Handler


class Validations(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {
            "ListCertificateDomainValidations": self.list_certificate_domain_validations,
            "ResendValidationEmail": self.resend_validation_email,
        }

    async def list_certificate_domain_validations(
        self, call: Call, request: shapes.ListCertificateDomainValidationsRequest
    ) -> shapes.ListCertificateDomainValidationsResponse:
        if request.next_token:
            text = "The page token is not one that an earlier answer gave."
            raise PrivySealError(ErrorCode.INVALID_PAGE_TOKEN, text)
        await self._pool.run(self._managed.reading.find, caller(call), request.certificate_arn)
        return shapes.ListCertificateDomainValidationsResponse(domain_validation_summary_list=[])

    async def resend_validation_email(
        self, call: Call, request: shapes.ResendValidationEmailRequest
    ) -> NoReturn:
        found = await self._pool.run(self._managed.reading.find, caller(call), request.certificate_arn)
        text = f"Certificate {found.arn} is {found.kind.value}: its domains are not validated by e-mail."
        raise PrivySealError(ErrorCode.INVALID_STATE, text)
