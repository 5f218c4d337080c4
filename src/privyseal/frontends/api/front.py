"""The API's front door: who signed, may they, which endpoint, and the answer as JSON."""

from collections.abc import Iterable, Mapping

import msgspec

from privyseal.ca.certificates import CertificateReader
from privyseal.ca.revocation.mass import MassRevoking
from privyseal.ca.revocation.named import NamedRevoking
from privyseal.ca.revocation.restarting import CrlRestarting
from privyseal.caller import Caller
from privyseal.clock import Clock
from privyseal.devices.lifecycle import Lifecycle
from privyseal.devices.registry import Registry
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.api import certificates as certificate_resource
from privyseal.frontends.api import crl_restarts as crl_restart_resource
from privyseal.frontends.api import device_changes
from privyseal.frontends.api import devices as device_resource
from privyseal.frontends.api import mass_revocations as mass_revocation_resource
from privyseal.frontends.api import revocations as revocation_resource
from privyseal.frontends.api.model import Call, Endpoint
from privyseal.frontends.api.router import Router
from privyseal.frontends.http import Authenticator, Pool, Request, Response, Route

PREFIX = b"/api/v1/"
SIGNING_NAME = "privyseal"
RETRY_AFTER_S = 2
# RFC 9110 §9.2.1: these change nothing. Whatever else an endpoint has is a change, or might be one.
SAFE = frozenset({"GET", "HEAD"})
MAX_RESOURCE = 512  # characters of a path that are recorded
MAX_BODY = 1024 * 1024  # bytes: an import of a thousand devices

# Total: a test proves it. What is wrong with a signature is 403, as AWS's REST services have it.
STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.VALIDATION: 400,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.UNKNOWN_OPERATION: 404,
    ErrorCode.UNKNOWN_SERVICE: 404,
    ErrorCode.INVALID_ARGUMENT: 400,
    ErrorCode.INVALID_ARN: 400,
    ErrorCode.INVALID_TAG: 400,
    ErrorCode.INVALID_PAGE_TOKEN: 400,
    ErrorCode.INVALID_POLICY: 400,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.MALFORMED_CSR: 400,
    ErrorCode.MALFORMED_CERTIFICATE: 400,
    ErrorCode.CERTIFICATE_MISMATCH: 400,
    ErrorCode.MISSING_CREDENTIALS: 403,
    ErrorCode.MALFORMED_CREDENTIALS: 403,
    ErrorCode.UNKNOWN_CREDENTIALS: 403,
    ErrorCode.BAD_SIGNATURE: 403,
    ErrorCode.ACCESS_DENIED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.INVALID_STATE: 409,
    ErrorCode.ALREADY_DONE: 409,
    ErrorCode.ALREADY_EXISTS: 409,
    ErrorCode.IN_PROGRESS: 409,
    ErrorCode.IN_USE: 409,
    ErrorCode.FAILED: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.LIMIT_EXCEEDED: 400,
    ErrorCode.TOO_MANY_TAGS: 400,
    ErrorCode.THROTTLED: 503,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}

_JSON = (b"content-type", b"application/json")


class ApiFrontend:
    name = "api"

    def __init__(
        self,
        authenticator: Authenticator,
        clock: Clock,
        pool: Pool,
        *,
        certificates: CertificateReader,
        devices: Registry,
        lifecycle: Lifecycle,
        revoking: NamedRevoking,
        mass_revoking: MassRevoking,
        crl_restarting: CrlRestarting,
        more: Iterable[Endpoint] = (),
    ) -> None:
        endpoints = [
            *certificate_resource.endpoints(certificates, pool),
            *device_resource.endpoints(devices, pool),
            *device_changes.endpoints(lifecycle, pool),
            *revocation_resource.endpoints(revoking, devices, pool),
            *mass_revocation_resource.endpoints(mass_revoking, pool),
            *crl_restart_resource.endpoints(crl_restarting, pool),
            *more,
        ]
        self._router = Router(endpoints)
        self._authenticator = authenticator
        self._clock = clock

    def routes(self) -> list[Route]:
        return [Route(PREFIX, self, below=True, body=MAX_BODY)]

    async def handle(self, request: Request) -> Response:
        principal = await self._authenticator.authenticate(request, SIGNING_NAME, self._clock.now())
        caller = Caller(principal.arn, principal.account, request.request_id)
        request.attempt = self._attempt(request, caller)
        if not principal.admin:
            text = f"{principal.arn} is not an administrator; this API is for administrators."
            raise PrivySealError(ErrorCode.ACCESS_DENIED, text)
        endpoint, variables = self._router.find(request.method, request.segments(PREFIX))
        request.operation = endpoint.operation
        query = request.query()
        if unknown := query.keys() - endpoint.parameters:
            text = f"There is no parameter {min(unknown)!a}."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        answer = await endpoint.handler(Call(caller, variables, query, request.body))
        return Response(200, msgspec.json.encode(answer), [_JSON])

    def _attempt(self, request: Request, caller: Caller) -> Attempt | None:
        """The change that is asked for; None for what changes nothing or is not there at all."""
        if request.method in SAFE:
            return None
        try:
            segments = request.segments(PREFIX)
            endpoint, _ = self._router.find(request.method, segments)
        except PrivySealError:
            return None
        return Attempt(f"privyseal:{endpoint.operation}", caller, "/".join(segments)[:MAX_RESOURCE])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        told = {"code": error.code.value, "message": error.message, "request_id": request.request_id}
        response = Response(
            STATUS[error.code], msgspec.json.encode({"error": told}), [_JSON], error.code.value
        )
        if response.status == 503:
            response.headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        if response.status == 405:
            methods = ", ".join(self._router.methods(request.segments(PREFIX)))
            response.headers.append((b"allow", methods.encode()))
        return response
