"""A publisher that keeps what it was given, and refuses on request."""

from collections.abc import Iterable

from privyseal.ca.ports import Publisher
from privyseal.errors import PrivySealError


class MemoryPublisher(Publisher):
    """`objects` by (bucket, key): content and type. `refusal` is raised by `check`, `failure` by `put`."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.refusal: PrivySealError | None = None
        self.failure: Exception | None = None

    def check(self, bucket: str) -> None:
        if self.refusal:
            raise self.refusal

    def put(
        self,
        bucket: str,
        key: str,
        content: Iterable[bytes],
        content_type: str,
        *,
        acl: str | None = None,
    ) -> None:
        whole = b"".join(content)
        if self.failure:
            raise self.failure
        self.objects[bucket, key] = whole, content_type

    def url(self, bucket: str, key: str) -> None:
        pass
