"""The AWS front-end: signed calls of the services that are served here."""

from collections.abc import Iterable

from privyseal.access.model import Principal
from privyseal.caller import Caller
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.aws import foreign
from privyseal.frontends.aws.addressing import RPC_PREFIX, Address, check_envelope, locate
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.frontends.aws.protocols import Wire, awsjson, awsjson10
from privyseal.frontends.aws.resources import resource_of
from privyseal.frontends.http import Authenticator, NothingHere, Request, Response, Route
from privyseal.value import changed


class AwsFrontend:
    name = "aws"

    def __init__(
        self,
        services: Iterable[Service],
        authenticator: Authenticator,
        clock: Clock,
        region: str,
        *,
        beside: Iterable[str] = (),
    ) -> None:
        """`beside` are the signing names of services that have paths and a front-end of their own."""
        self._services = {service.target: service for service in services}
        self._beside = frozenset(beside)
        self._served = sorted({*(service.signing_name for service in self._services.values()), *self._beside})
        self._authenticator = authenticator
        self._clock = clock
        self._region = region

    def routes(self) -> list[Route]:
        """What to register. Make this front-end the application's `otherwise` too: calls that are meant
        for other AWS services come with any path, and it tells them so.
        """
        return [Route(b"/", self), Route(RPC_PREFIX, self, below=True)]

    async def handle(self, request: Request) -> Response:
        address = self._located(request)
        service = self._services.get(address.target)
        if service is None or address.wire is None:
            raise self._stray(request, address)
        check_envelope(request, address.wire)
        now = self._clock.now()
        principal = await self._authenticator.authenticate(request, service.signing_name, now)
        operation = service.operations.get(address.operation)
        if operation is None:
            text = f"{service.name} has no operation {address.operation!r} here."
            raise PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)
        request.operation = f"{service.name}:{operation.name}"
        try:
            _authorise(principal, operation, request.operation)
            call = Call(principal, request.request_id, now, self._region)
            value = await operation.handler(call, address.wire.decode(request.body, operation.request))
        except PrivySealError:
            if operation.changes:
                request.attempt = _attempt(request, principal, address.wire, operation)
            raise
        return address.wire.answer(value, operation.name, request.request_id)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        address = self._located(request)
        if service := self._foreign_service(request, address):
            return foreign.refuse(request, service, foreign.refusal(service, self._served))
        claimed = foreign.claimed_service(request)
        if address.wire is None and claimed in self._beside:
            return foreign.refuse(request, claimed, error)
        if address.wire is None and not claimed:
            return NothingHere().refuse(request, error)
        response = self._refuse(address, request, error)
        if error.code is ErrorCode.METHOD_NOT_ALLOWED:
            response.headers.append((b"allow", b"POST"))
        return response

    def _located(self, request: Request) -> Address:
        """In the version of JSON that the service speaks."""
        address = locate(request)
        service = self._services.get(address.target)
        if service is not None and service.json10 and address.wire is awsjson:
            return changed(address, wire=awsjson10)
        return address

    def _refuse(self, address: Address, request: Request, error: PrivySealError) -> Response:
        """In the language of the request, and with the names of its service where it has found one."""
        wire = address.wire or awsjson
        if service := self._services.get(address.target):
            return wire.refuse(error, request.request_id, service.errors)
        return wire.refuse(error, request.request_id)

    def _foreign_service(self, request: Request, address: Address) -> str | None:
        """The AWS service that a request is meant for, when it is not served here."""
        if address.target in self._services:
            return None
        claimed = foreign.claimed_service(request)
        return None if claimed in self._served else claimed or address.target or None

    def _stray(self, request: Request, address: Address) -> PrivySealError:
        """Why a request that names no service of ours is refused."""
        if service := self._foreign_service(request, address):
            return foreign.refusal(service, self._served)
        if address.wire is None and (claimed := foreign.claimed_service(request)) in self._beside:
            text = f"{claimed} has no operation at {request.method} {request.path[:200]} here."
            return PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)
        if address.wire or foreign.claimed_service(request):
            text = "The request names no operation: in X-Amz-Target, in the path, or as Action in a form."
            return PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)
        return PrivySealError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path[:200]}")


def _attempt(request: Request, principal: Principal, wire: Wire, operation: Operation) -> Attempt:
    """The change that was refused, with its resource as far as what was sent can be read."""
    try:
        resource = resource_of(wire.decode(request.body, operation.request))
    except PrivySealError:
        resource = ""
    caller = Caller(principal.arn, principal.account, request.request_id)
    return Attempt(request.operation, caller, resource)


def _authorise(principal: Principal, operation: Operation, action: str) -> None:
    """Everything is denied that is not allowed."""
    if not (principal.admin or operation.everyone):
        text = (
            f"User: {principal.arn} is not authorized to perform: {action} because no identity-based "
            f"policy allows the {action} action"
        )
        raise PrivySealError(ErrorCode.ACCESS_DENIED, text)
