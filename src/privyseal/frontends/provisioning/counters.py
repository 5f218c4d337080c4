"""Where devices fetch what they have ordered: from this service, or from a bucket of S3.

A bucket's object is written when there is an answer. Its key has 122 random bits, and nobody can list
what is in a private bucket; the link is a presigned GET, which the bucket's owner answers for.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from privyseal.clock import Clock
from privyseal.devices.link_tokens import LinkTokens
from privyseal.devices.orders import Order
from privyseal.frontends.provisioning.answers import as_object

LINKS = b"/links/"

# The services of `publishers.s3.S3Publisher`; each blocks.
Put = Callable[[str, str, Iterable[bytes], str], None]
Presign = Callable[[str, str, int], str]


class OwnCounter:
    """Implements `devices.order_ports.Counter`: `links.py` hands out what the database has."""

    def __init__(self, tokens: LinkTokens) -> None:
        self._tokens = tokens

    def link(self, order_id: str, expires_at: datetime) -> str:
        """Relative: a device knows by which name it reaches this service."""
        return LINKS.decode() + self._tokens.make(order_id, expires_at)

    def lay_out(self, order: Order) -> None:
        """There is nothing to do."""


class BucketCounter:
    """Implements `devices.order_ports.Counter` on `bucket`; `prefix` comes before the objects' names."""

    def __init__(self, put: Put, presign: Presign, bucket: str, prefix: str, clock: Clock) -> None:
        self._put = put
        self._presign = presign
        self._bucket = bucket
        self._prefix = prefix
        self._clock = clock

    def link(self, order_id: str, expires_at: datetime) -> str:
        seconds = int((expires_at - self._clock.now()).total_seconds())
        return self._presign(self._bucket, self._key(order_id), max(1, seconds))

    def lay_out(self, order: Order) -> None:
        response = as_object(order)
        kind = dict(response.headers)[b"content-type"].decode()
        self._put(self._bucket, self._key(order.id), [response.body], kind)

    def _key(self, order_id: str) -> str:
        return f"{self._prefix}{order_id}"
