"""What the operations share: the caller, tags, structures, and where blocking work runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct, to_builtins

from privyseal.ca.model import Tag
from privyseal.caller import Caller
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.model import Call

T = TypeVar("T")


class Pool(Protocol):
    """Runs blocking work beside the event loop; `frontends.http.Pool`."""

    def run(self, function: Callable[..., T], *arguments: Any) -> Awaitable[T]: ...


def caller(call: Call) -> Caller:
    return Caller(call.principal.arn, call.account, call.request_id)


def tags_of(tags: list[shapes.Tag] | None) -> list[Tag]:
    return [Tag(tag.key, tag.value) for tag in tags or []]


def mapping(struct: Struct | None) -> Mapping[str, Any] | None:
    """A structure with the member names of the service model, without what was not given."""
    return None if struct is None else to_builtins(struct)
