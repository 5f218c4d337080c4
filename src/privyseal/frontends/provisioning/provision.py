"""`POST /provision` with a device's CSR and id, answered with its certificate.

    {"csr": PEM, "device_id": ID} → 200 {"certificate": PEM, "certificate_chain": PEM, "certificate_arn": ARN}

The chain runs from the issuer to the root.
"""

import msgspec
from msgspec import Struct

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.http import Pool, Request, Response, Route
from privyseal.frontends.provisioning.addresses import address_key
from privyseal.frontends.provisioning.refusals import MAX_BODY, Denials, refusal

PATH = b"/provision"


class ProvisionRequest(Struct, forbid_unknown_fields=True):
    csr: str
    device_id: str


class ProvisionResponse(Struct):
    certificate: str
    certificate_chain: str
    certificate_arn: str


class ProvisioningFrontend:
    name = "provisioning"

    def __init__(self, enrolment: Enrolment, pool: Pool, throttle: Throttle = UNLIMITED) -> None:
        """`throttle` counts by the client's address."""
        self._enrolment = enrolment
        self._pool = pool
        self._throttle = throttle
        self._denials = Denials(enrolment.account)

    def routes(self) -> list[Route]:
        return [Route(PATH, self, methods=("POST",), body=MAX_BODY)]

    async def handle(self, request: Request) -> Response:
        request.operation = "Provision"
        self._throttle.take(address_key(request.client))
        if request.headers.media_type() != "application/json":
            text = "The body must be JSON: send it with Content-Type: application/json."
            raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, text)
        asked = strict_json.decode(request.body, ProvisionRequest)
        with self._denials.noted(request):
            issued = await self._pool.run(
                self._enrolment.enrol, asked.csr.encode(), asked.device_id, request_id=request.request_id
            )
        answer = ProvisionResponse(issued.certificate, issued.chain, issued.arn)
        return Response(200, msgspec.json.encode(answer), [(b"content-type", b"application/json")])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return refusal(request, error)
