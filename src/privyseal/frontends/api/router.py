"""Which endpoint a request means: segment by segment, byte for byte, nothing by prefix."""

from collections.abc import Iterable, Sequence

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.api.model import Endpoint


class Router:
    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)

    def find(self, method: str, segments: Sequence[str]) -> tuple[Endpoint, tuple[str, ...]]:
        """The endpoint and the values of its variable segments. Raises NOT_FOUND, METHOD_NOT_ALLOWED."""
        here = [each for each in self._endpoints if _matches(each.segments, segments)]
        if not here:
            raise PrivySealError(ErrorCode.NOT_FOUND, "There is no such resource in this API.")
        for endpoint in here:
            if endpoint.method == method:
                pairs = zip(endpoint.segments, segments, strict=True)
                return endpoint, tuple(value for fixed, value in pairs if fixed is None)
        methods = ", ".join(self.methods(segments))
        raise PrivySealError(ErrorCode.METHOD_NOT_ALLOWED, f"The methods here are: {methods}")

    def methods(self, segments: Sequence[str]) -> list[str]:
        return sorted({each.method for each in self._endpoints if _matches(each.segments, segments)})


def _matches(pattern: Sequence[str | None], segments: Sequence[str]) -> bool:
    if len(pattern) != len(segments):
        return False
    return all(fixed is None or fixed == value for fixed, value in zip(pattern, segments, strict=True))
