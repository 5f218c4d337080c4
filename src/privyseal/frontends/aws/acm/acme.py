"""The operations on ACME endpoints: known, and not served yet, whatever a request says."""

from collections.abc import Mapping
from typing import Any, NoReturn

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.model import Call, Handler, Operation


def operations() -> Mapping[str, Operation]:
    named = [name for name in shapes.OPERATIONS if "Acme" in name]
    return {name: Operation(name, shapes.NoInput, _not_yet(name)) for name in named}


def _not_yet(operation: str) -> Handler:
    async def refuse(_call: Call, _request: Any) -> NoReturn:
        text = f"{operation}: ACME endpoints are not served here yet."
        raise PrivySealError(ErrorCode.UNKNOWN_OPERATION, text)

    return refuse
