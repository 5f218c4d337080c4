"""`POST /new` and `POST /proto`: a device's CSR in, its certificate out.

    device-csr: BASE64(PEM) → /new    200 {"certificate": PEM, "endpoint": NAME}
                              /proto  200 text/plain, the PEM

The id of the device is the common name of the CSR. `endpoint` is where the device connects with its
certificate; it is empty where no registrar has one. The two paths may have issuers of their own.

Exactly one CSR counts:

- the header `device-csr`, once: base64 (RFC 4648 §4, canonical, one line) of the PEM; a body is then
  not looked at. This is what firmware in the field sends.
- without that header the body: JSON as of `/provision` where its type is `application/json`, else
  PEM, of whatever type. For CSRs that no header holds, as those of ML-DSA keys.

When a certificate cannot be issued the answer is 500 with an empty body, whoever's fault it is. What
else is refused is said as `/provision` says it. The reply may be a link instead: see `links.py`.
"""

import base64
import binascii

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.http import Request, Response, Route
from privyseal.frontends.provisioning.addresses import address_key
from privyseal.frontends.provisioning.answers import NEW, PROTO, REFUSALS
from privyseal.frontends.provisioning.links import Call, Replies
from privyseal.frontends.provisioning.provision import ProvisionRequest
from privyseal.frontends.provisioning.refusals import MAX_BODY, Denials

# Path → the contract's name, and the operation's.
CALLS = {b"/new": (NEW, "New"), b"/proto": (PROTO, "Proto")}
HEADER = b"device-csr"
# Characters of the header: what a CSR in its largest legal form (32 KB) would take is refused by
# every proxy, and a P-384 or RSA-4096 CSR takes 3 KB. Larger ones come in the body.
MAX_HEADER = 16 * 1024


class CsrHeaderFrontend:
    name = "csr-header"

    def __init__(
        self, new: Enrolment, proto: Enrolment, replies: Replies, throttle: Throttle = UNLIMITED
    ) -> None:
        """`throttle` counts by the client's address."""
        self._enrolments = {NEW: new, PROTO: proto}
        self._replies = replies
        self._throttle = throttle
        self._denials = Denials(new.account)

    def routes(self) -> list[Route]:
        return [Route(path, self, methods=("POST",), body=MAX_BODY) for path in CALLS]

    async def handle(self, request: Request) -> Response:
        contract, request.operation = CALLS[request.raw_path]
        self._throttle.take(address_key(request.client))
        csr, device_id = _asked(request)
        with self._denials.noted(request):
            call = Call(contract, self._enrolments[contract], csr, device_id, request.request_id)
            return await self._replies.reply(request.headers, call)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return REFUSALS[CALLS[request.raw_path][0]](request, error)


def _asked(request: Request) -> tuple[bytes, str | None]:
    """The CSR, and the id where something beside the CSR names it."""
    header = request.headers.get(HEADER)
    if header is not None:
        return _decode(header), None
    if not request.body:
        text = "There is no certificate signing request: send it in the header device-csr or in the body."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text)
    if request.headers.media_type() == "application/json":
        asked = strict_json.decode(request.body, ProvisionRequest)
        return asked.csr.encode(), asked.device_id
    return request.body, None


def _decode(header: str) -> bytes:
    if len(header) > MAX_HEADER:
        text = f"The header device-csr is longer than {MAX_HEADER} characters: send the CSR in the body."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text)
    try:
        content = base64.b64decode(header, validate=True)
    except (binascii.Error, ValueError):  # the latter for what is not ASCII
        content = b""
    if not content or base64.b64encode(content).decode() != header:
        text = "The header device-csr is not base64 (of the PEM, in one line)."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text)
    return content
