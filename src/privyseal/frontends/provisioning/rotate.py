"""`POST /rotate`, over mutual TLS with the device's certificate: a CSR in, the next certificate out.

    PEM, or {"csr": PEM} → 200 {"certificate": PEM, "certificate_chain": PEM, "certificate_arn": ARN,
                                "endpoint": NAME}

Nothing in the request says which device it is: the certificate of the connection does. Only a body
whose type is `application/json` is read as JSON.
"""

import msgspec
from msgspec import Struct

from privyseal.devices.rotation import Rotation
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.http import Pool, Request, Response, Route
from privyseal.frontends.provisioning.addresses import address_key
from privyseal.frontends.provisioning.refusals import MAX_BODY, Denials, refusal

PATH = b"/rotate"


class RotateRequest(Struct, forbid_unknown_fields=True):
    csr: str


class RotateResponse(Struct):
    certificate: str
    certificate_chain: str
    certificate_arn: str
    endpoint: str


class RotationFrontend:
    name = "rotation"

    def __init__(self, rotation: Rotation, pool: Pool, throttle: Throttle = UNLIMITED) -> None:
        """`throttle` counts by the client's address."""
        self._rotation = rotation
        self._pool = pool
        self._throttle = throttle
        self._denials = Denials(rotation.account)

    def routes(self) -> list[Route]:
        return [Route(PATH, self, methods=("POST",), body=MAX_BODY)]

    async def handle(self, request: Request) -> Response:
        request.operation = "Rotate"
        self._throttle.take(address_key(request.client))
        if request.peer is None:
            text = "This needs a connection with the certificate of the device (mutual TLS)."
            raise PrivySealError(ErrorCode.ACCESS_DENIED, text)
        csr = _csr(request)
        with self._denials.noted(request):
            enrolled = await self._pool.run(
                self._rotation.rotate, request.peer, csr, request_id=request.request_id
            )
        answer = RotateResponse(enrolled.certificate, enrolled.chain, enrolled.arn, enrolled.endpoint)
        return Response(200, msgspec.json.encode(answer), [(b"content-type", b"application/json")])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return refusal(request, error)


def _csr(request: Request) -> bytes:
    if request.headers.media_type() == "application/json":
        return strict_json.decode(request.body, RotateRequest).csr.encode()
    return request.body
