"""What the services share: who calls, structures as mappings, and where blocking work runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct, to_builtins

from privyseal.caller import Caller
from privyseal.frontends.aws.model import Call

T = TypeVar("T")


class Pool(Protocol):
    """Runs blocking work beside the event loop; `frontends.http.Pool`."""

    def run(self, function: Callable[..., T], *arguments: Any) -> Awaitable[T]: ...


def caller(call: Call) -> Caller:
    return Caller(call.principal.arn, call.account, call.request_id)


def mapping(struct: Struct | None) -> Mapping[str, Any] | None:
    """A structure with the member names of the service model, without what was not given."""
    return None if struct is None else to_builtins(struct)
