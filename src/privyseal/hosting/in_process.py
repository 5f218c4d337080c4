"""The operations of an AWS service called in this process: same shapes, same checks, no HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from typing import Any

from privyseal.access.model import Principal
from privyseal.client.errors import ApiError
from privyseal.clock import Clock
from privyseal.errors import PrivySealError
from privyseal.frontends.aws import constraints, errors
from privyseal.frontends.aws.model import Call, Service
from privyseal.frontends.aws.protocols import awsjson
from privyseal.names import new_id


class InProcess:
    """Implements `privyseal.client.Caller` for the ceremonies of a start."""

    def __init__(self, service: Service, principal: Principal, region: str, clock: Clock) -> None:
        self._service = service
        self._principal = principal
        self._region = region
        self._clock = clock

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Wire names in and out; blobs are bytes, times are epoch seconds as in AWS JSON."""
        found = self._service.operations[operation]
        call = Call(self._principal, new_id(), self._clock.now(), self._region)
        try:
            request = constraints.convert(dict(params), found.request, blobs_are_bytes=True)
            answer = asyncio.run(_finish(found.handler(call, request)))
        except PrivySealError as error:
            name, status = errors.WIRE[error.code]
            raise ApiError(name, error.message, status, call.request_id) from error
        body = awsjson.answer(answer, operation, call.request_id).body
        output: dict[str, Any] = json.loads(body) if body else {}
        return output


async def _finish(answer: Awaitable[Any]) -> Any:
    return await answer
