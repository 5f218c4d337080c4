"""The provisioning API: `POST /provision` with a device's CSR and id, answered with its certificate.

    {"csr": PEM, "device_id": ID} → 200 {"certificate": PEM, "certificate_chain": PEM, "certificate_arn": ARN}

The chain runs from the issuer to the root. It takes no access key: possession of the registered key
is the credential. An error is a problem document (RFC 9457) with `code` and `request_id` besides.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from privyseal.caller import Caller
from privyseal.devices.enrolment import PROVISIONED, Enrolment
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends import strict_json
from privyseal.frontends.http import Pool, Request, Response, Route, problem
from privyseal.sparing import Sparing

PATH = b"/provision"
# The largest legal CSR has 32 KB; JSON escapes its line ends.
MAX_BODY = 64 * 1024
RETRY_AFTER_S = 2
ANYBODY = "anonymous"  # the principal of who has proved nothing
RECORDED_EVERY_S = 60.0  # a refusal of one device

# What a device may be told, by kind: bad request, not allowed, not known, try again. Total: a test
# proves it. Codes that cannot come out of this contract stand for a defect of ours.
STATUS: Mapping[ErrorCode, int] = dict.fromkeys(ErrorCode, 500) | {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.VALIDATION: 400,
    ErrorCode.MALFORMED_CSR: 400,
    ErrorCode.ACCESS_DENIED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.THROTTLED: 503,
    ErrorCode.UNAVAILABLE: 503,
}


class ProvisionRequest(Struct, forbid_unknown_fields=True):
    csr: str
    device_id: str


class ProvisionResponse(Struct):
    certificate: str
    certificate_chain: str
    certificate_arn: str


class ProvisioningFrontend:
    name = "provisioning"

    def __init__(self, enrolment: Enrolment, pool: Pool) -> None:
        self._enrolment = enrolment
        self._pool = pool
        self._recorded = Sparing(RECORDED_EVERY_S)

    def routes(self) -> list[Route]:
        return [Route(PATH, self, methods=("POST",), body=MAX_BODY)]

    async def handle(self, request: Request) -> Response:
        request.operation = "Provision"
        if request.headers.media_type() != "application/json":
            text = "The body must be JSON: send it with Content-Type: application/json."
            raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, text)
        asked = strict_json.decode(request.body, ProvisionRequest)
        try:
            issued = await self._pool.run(
                self._enrolment.enrol, asked.csr.encode(), asked.device_id, request_id=request.request_id
            )
        except PrivySealError as error:
            request.attempt = self._attempt(request, asked.device_id, error)
            raise
        answer = ProvisionResponse(issued.certificate, issued.chain, issued.arn)
        return Response(200, msgspec.json.encode(answer), [(b"content-type", b"application/json")])

    def _attempt(self, request: Request, device_id: str, error: PrivySealError) -> Attempt | None:
        """A refusal that is recorded: that of a device which is registered. Only those are denied.

        Whoever asks has proved nothing, so it is not said to be the device, and it cannot make the
        database grow: of each device one refusal a minute is recorded (in each process).
        """
        if error.code is not ErrorCode.ACCESS_DENIED or not self._recorded.allow(device_id):
            return None
        caller = Caller(ANYBODY, self._enrolment.account, request.request_id)
        return Attempt(PROVISIONED, caller, f"device/{device_id}")

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        response = problem(request, STATUS[error.code], error)
        if response.status == 503:
            response.headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        return response
