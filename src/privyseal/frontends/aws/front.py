"""The AWS front-end: which service and operation a request names, who signed it, and the answer."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from privyseal.access.model import Principal
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import errors, foreign
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.frontends.aws.protocols import Wire, awsjson, awsquery, rpcv2cbor
from privyseal.frontends.http import Authenticator, Request, Response, Route, problem

_RPC_PATH = re.compile(rb"\A/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})\Z")
_TARGET = re.compile(r"\A([A-Za-z0-9_.]{1,128})\.([A-Za-z0-9_]{1,128})\Z")
_ACTION = re.compile(r"\A[A-Za-z0-9_]{1,128}\Z")
_RPC_PREFIX = b"/service/"

# The only service here that speaks awsQuery; its unsigned requests say no service at all.
_QUERY_SERVICE = "sts"


class _Address(NamedTuple):
    """What a request calls. `target` stands for the service, before anybody has looked it up."""

    target: str
    operation: str


class AwsFrontend:
    name = "aws"

    def __init__(
        self, services: Iterable[Service], authenticator: Authenticator, clock: Clock, region: str
    ) -> None:
        services = tuple(services)
        self._by_target = {service.target: service for service in services}
        self._by_signing_name = {service.signing_name: service for service in services}
        self._authenticator = authenticator
        self._clock = clock
        self._region = region

    def routes(self) -> list[Route]:
        """What to register. Make this front-end the application's `otherwise` too: it tells the calls
        that are meant for other AWS services, whatever their path, how to get there.
        """
        return [Route(b"/", self), Route(_RPC_PREFIX, self, below=True)]

    async def handle(self, request: Request) -> Response:
        wire = _wire(request)
        service, name = self._look_up(request, wire)
        _check_envelope(request, wire)
        now = self._clock.now()
        principal = await self._authenticator.authenticate(request, service.signing_name, now)
        operation = service.operations.get(name)
        if operation is None:
            text = f"There is no operation {name} of {service.name} here."
            raise PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)
        request.operation = f"{service.name}:{name}"
        _authorise(principal, operation, service)
        call = Call(principal, request.request_id, now, self._region)
        typed = wire.decode(request.body, operation.request)
        return wire.answer(await operation.handler(call, typed), name, request.request_id)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        if service := self._foreign_service(request):
            there = foreign.refusal(service, sorted(self._by_signing_name))
            return foreign.refuse(request, service, there)
        wire = _wire_or_none(request)
        if wire is None and not foreign.claimed_service(request):
            return problem(request, errors.PLAIN_STATUS.get(error.code, 400), error)
        response = (wire or awsjson).refuse(error, request.request_id)
        if error.code is ErrorCode.METHOD_NOT_ALLOWED:
            response.headers.append((b"allow", b"POST"))
        return response

    def _look_up(self, request: Request, wire: Wire) -> tuple[Service, str]:
        address = _address(request, wire)
"""
"""
