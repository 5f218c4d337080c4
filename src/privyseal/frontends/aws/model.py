"""What a service is to this front-end: a table of operations, each a request shape and a handler."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Struct

from privyseal.access.model import Principal
from privyseal.frontends.aws.errors import WIRE, Names
from privyseal.value import Value


class OperationShape(Value, frozen=True):
    """An operation of a service model: generated, see shapes_*.py."""

    request: type[Struct]
    response: type[Struct] | None
    errors: frozenset[str]  # the modelled ones; `errors.COMMON` may always be answered too


class Call(Value, frozen=True):
    """Who calls and when; `now` is fixed once per request."""

    principal: Principal
    request_id: str
    now: datetime
    region: str

    @property
    def account(self) -> str:
        return self.principal.account


# A handler answers with a response shape, a mapping of wire names, or None for "no output".
Handler = Callable[[Call, Any], Awaitable[Struct | Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    request: type[Struct]
    handler: Handler
    everyone: bool = False  # needs a valid signature and no permission (sts:GetCallerIdentity)
    changes: bool = False  # asks for a change: when it is refused, that is recorded


@dataclass(frozen=True, slots=True)
class Service:
    """`name` is the IAM prefix of its actions, `signing_name` the service in a credential scope,
    `target` what stands before the dot of X-Amz-Target and in the path of rpc-v2-cbor, `errors` what
    it calls them on the wire. `json10`: its JSON is awsJson1.0.
    """

    name: str
    signing_name: str
    target: str
    operations: Mapping[str, Operation]
    errors: Names = field(default_factory=lambda: WIRE)
    json10: bool = False
