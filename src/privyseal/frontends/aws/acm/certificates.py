"""The operations on one certificate."""

from collections.abc import Mapping
from typing import Any

from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.detail import detail
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller, mapping
from privyseal.frontends.aws.model import Call, Handler


class Certificates(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {
            "DescribeCertificate": self.describe_certificate,
            "GetCertificate": self.get_certificate,
            "ExportCertificate": self.export_certificate,
            "RenewCertificate": self.renew_certificate,
            "RevokeCertificate": self.revoke_certificate,
            "DeleteCertificate": self.delete_certificate,
            "UpdateCertificateOptions": self.update_certificate_options,
        }

    async def describe_certificate(
        self, call: Call, request: shapes.DescribeCertificateRequest
    ) -> Mapping[str, Any]:
        found = await self._pool.run(self._managed.reading.find, caller(call), request.certificate_arn)
        return {"Certificate": detail(found)}

    async def get_certificate(
        self, call: Call, request: shapes.GetCertificateRequest
    ) -> shapes.GetCertificateResponse:
        pem = await self._pool.run(self._managed.reading.pem, caller(call), request.certificate_arn)
        return shapes.GetCertificateResponse(
            certificate=_lines(pem.certificate), certificate_chain=_lines(pem.chain)
        )

    async def export_certificate(
        self, call: Call, request: shapes.ExportCertificateRequest
    ) -> shapes.ExportCertificateResponse:
        exported = await self._pool.run(
            self._managed.exporting.export, caller(call), request.certificate_arn, request.passphrase
        )
        return shapes.ExportCertificateResponse(
            certificate=_lines(exported.certificate),
            certificate_chain=_lines(exported.chain),
            private_key=_lines(exported.private_key),
        )

    async def renew_certificate(self, call: Call, request: shapes.RenewCertificateRequest) -> None:
        await self._pool.run(self._managed.renewing.force, caller(call), request.certificate_arn)

    async def revoke_certificate(
        self, call: Call, request: shapes.RevokeCertificateRequest
    ) -> shapes.RevokeCertificateResponse:
        arn, reason = request.certificate_arn, request.revocation_reason
        await self._pool.run(self._managed.revoking.revoke, caller(call), arn, reason)
        return shapes.RevokeCertificateResponse(certificate_arn=arn)

    async def delete_certificate(self, call: Call, request: shapes.DeleteCertificateRequest) -> None:
        await self._pool.run(self._managed.removing.delete, caller(call), request.certificate_arn)

    async def update_certificate_options(
        self, call: Call, request: shapes.UpdateCertificateOptionsRequest
    ) -> None:
        arn, options = request.certificate_arn, mapping(request.options)
        await self._pool.run(self._managed.updating.update, caller(call), arn, options)


def _lines(pem: str | None) -> str | None:
    """With a newline at the end, which acm-pca leaves out: the user guide's examples write certificate,
    chain and key into one file without putting anything between them.
    """
    return None if pem is None else f"{pem}\n"
