"""`POST /provision` with a device's CSR and id, answered with its certificate.

    {"csr": PEM, "device_id": ID} → 200 {"certificate": PEM, "certificate_chain": PEM, "certificate_arn": ARN,
                                         "endpoint": NAME}

The chain runs from the issuer to the root. `endpoint` is where the device connects with its certificate;
it is empty where no registrar has one. The reply may be a link instead: see `links.py`.
"""

from msgspec import Struct

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.http import Request, Response, Route
from privyseal.frontends.provisioning.addresses import address_key
from privyseal.frontends.provisioning.answers import PROVISION
from privyseal.frontends.provisioning.links import Call, Replies
from privyseal.frontends.provisioning.refusals import MAX_BODY, Denials, refusal

PATH = b"/provision"


class ProvisionRequest(Struct, forbid_unknown_fields=True):
    csr: str
    device_id: str


class ProvisioningFrontend:
    name = "provisioning"

    def __init__(self, enrolment: Enrolment, replies: Replies, throttle: Throttle = UNLIMITED) -> None:
        """`throttle` counts by the client's address."""
        self._enrolment = enrolment
        self._replies = replies
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
            call = Call(PROVISION, self._enrolment, asked.csr.encode(), asked.device_id, request.request_id)
            return await self._replies.reply(request.headers, call)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return refusal(request, error)
