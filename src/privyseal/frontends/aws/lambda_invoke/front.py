"""The paths of AWS Lambda's API, and one of our own that takes the same JSON.

GET  /2015-03-31/functions[/]                       ListFunctions
GET  /2015-03-31/functions/NAME                     GetFunction
GET  /2015-03-31/functions/NAME/configuration       GetFunctionConfiguration
POST /2015-03-31/functions/NAME/invocations         Invoke
POST /invoke/NAME                                   the same, signed like the rest of our own API
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from privyseal import strict_json
from privyseal.access.model import Principal
from privyseal.caller import Caller
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.aws.lambda_invoke.errors import LAMBDA
from privyseal.frontends.aws.lambda_invoke.functions import (
    LATEST,
    configuration,
    function_arn,
    function_name,
)
from privyseal.frontends.http import Authenticator, Pool, Request, Response, Route
from privyseal.serverless.functions import Functions
from privyseal.serverless.tls_certificate import Call

_FUNCTIONS: Final = b"/2015-03-31/functions"
_BELOW: Final = b"/2015-03-31/functions/"
_OWN: Final = b"/invoke/"
# An invocation has 256 KB where it is not waited for, and nobody here needs more where it is.
MAX_EVENT: Final = 256 * 1024
_INVOCATION: Final = b"x-amz-invocation-type"
# All attempts of one call of an SDK have the same.
_CALL_ID: Final = b"amz-sdk-invocation-id"
# InvocationType → status of its answer
_STATUS: Final = {"RequestResponse": 200, "Event": 202, "DryRun": 204}

_Handler = Callable[[Request, Principal, str], Awaitable[Response]]


class LambdaFrontend:
    name = "lambda"

    def __init__(
        self, functions: Functions, authenticator: Authenticator, pool: Pool, clock: Clock, region: str
    ) -> None:
        self._functions = functions
        self._authenticator = authenticator
        self._pool = pool
        self._clock = clock
        self._region = region
        self._started: datetime = clock.now()

    def routes(self) -> list[Route]:
        return [
            Route(_FUNCTIONS, self, ("GET",)),
            Route(_BELOW, self, ("GET", "POST"), below=True, body=MAX_EVENT),
            Route(_OWN, self, ("POST",), below=True, body=MAX_EVENT),
        ]

    async def handle(self, request: Request) -> Response:
        own = request.raw_path.startswith(_OWN)
        service = "privyseal" if own else "lambda"
        principal = await self._authenticator.authenticate(request, service, self._clock.now())
        operation, handler, name = self._operation(request, principal, own=own)
        request.operation = f"lambda:{operation}"
        caller = Caller(principal.arn, principal.account, request.request_id)
        if operation == "InvokeFunction":
            arn = function_arn(name, self._region, principal.account)
            request.attempt = Attempt(request.operation, caller, arn)
        if not principal.admin:
            text = (
                f"User: {principal.arn} is not authorized to perform: {request.operation} because no "
                f"identity-based policy allows the {request.operation} action"
            )
            raise PrivySealError(ErrorCode.ACCESS_DENIED, text)
        return await handler(request, principal, name)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        name, status = LAMBDA[error.code]
        kind = "Service" if status >= 500 else "User"
        response = _json(request, status, {"Type": kind, "Message": error.message})
        response.headers.append((b"x-amzn-errortype", name.encode()))
        response.outcome = error.code.value
        return response

    def _operation(self, request: Request, principal: Principal, *, own: bool) -> tuple[str, _Handler, str]:
        """(operation, its handler, the function's name)."""
        if own:
            match request.segments(_OWN):
                case [text]:
                    return "InvokeFunction", self._invoke, function_name(text, principal.account)
            raise PrivySealError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path[:200]}")
        if request.raw_path in {_FUNCTIONS, _BELOW}:
            return "ListFunctions", self._list, ""
        match request.method, request.segments(_BELOW):
            case "GET", [text]:
                return "GetFunction", self._get, function_name(text, principal.account)
            case "GET", [text, "configuration"]:
                name = function_name(text, principal.account)
                return "GetFunctionConfiguration", self._configuration, name
            case "POST", [text, "invocations"]:
                return "InvokeFunction", self._invoke, function_name(text, principal.account)
        text = f"lambda has no operation at {request.method} {request.path[:200]} here."
        raise PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)

    async def _list(self, request: Request, principal: Principal, _: str) -> Response:
        """All on one page: there are as many as serverless-ca has."""
        found = [self._described(each, principal) for each in self._functions.names()]
        return _json(request, 200, {"Functions": found})

    async def _get(self, request: Request, principal: Principal, name: str) -> Response:
        """Without `Code`: it is not in a bucket, and nobody could run it elsewhere."""
        self._functions.find(name)
        return _json(request, 200, {"Configuration": self._described(name, principal)})

    async def _configuration(self, request: Request, principal: Principal, name: str) -> Response:
        self._functions.find(name)
        return _json(request, 200, self._described(name, principal))

    async def _invoke(self, request: Request, principal: Principal, name: str) -> Response:
        kind = request.headers.get(_INVOCATION) or "RequestResponse"
        if kind not in _STATUS:
            text = f"The invocation type is one of {', '.join(_STATUS)}, not {kind[:40]!a}."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        self._functions.find(name)
        event = _event(request)
        answer = None
        if kind != "DryRun":
            caller = Caller(principal.arn, principal.account, request.request_id)
            call = Call(caller, forces=principal.admin, id=request.headers.get(_CALL_ID) or "")
            # What nobody waits for is done before it is acknowledged, too: nothing acknowledged is lost.
            answer = await self._pool.run(self._functions.invoke, name, call, event)
        request.attempt = None
        if kind != "RequestResponse":
            return Response(_STATUS[kind], b"", [(b"x-amzn-requestid", request.request_id.encode())])
        response = _json(request, 200, answer)
        response.headers.append((b"x-amz-executed-version", LATEST.encode()))
        return response

    def _described(self, name: str, principal: Principal) -> dict[str, Any]:
        return configuration(name, self._region, principal.account, self._started)


def _event(request: Request) -> Any:
    if not request.body:
        return {}
    try:
        return strict_json.load(request.body)
    except ValueError as error:
        text = f"Could not parse request body into json: {str(error)[:200]}"
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text) from None


def _json(request: Request, status: int, value: Any) -> Response:
    headers = [(b"content-type", b"application/json"), (b"x-amzn-requestid", request.request_id.encode())]
    return Response(status, json.dumps(value).encode(), headers)
