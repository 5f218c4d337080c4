"""`GET …/NAME.crl`: certificate revocation lists, as DER, over plain HTTP (RFC 2585, RFC 5280 §4.2.1.13).

NAME is that of an authority or of a partition; a delta is NAME.delta.crl. The folder does not matter:
certificates that name an older CustomPath still find theirs. Nobody needs an access key.
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from privyseal.ca.revocation.crl_reading import CrlReader
from privyseal.ca.revocation.model import CrlDocument
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Pool, Request, Response, Route, Stream, problem

METHODS = ("GET", "HEAD")
CONTENT_TYPE = b"application/pkix-crl"  # RFC 2585 §4.2
# A revocation is to be seen within a minute: half of it belongs to the making, the rest to caches.
MAX_AGE = timedelta(seconds=20)
# Downloads of large CRLs at once in one process: each holds a chunk of a quarter of a megabyte.
MAX_STREAMS = 256
# Of one address: it cannot keep the others from theirs.
MAX_STREAMS_OF_ONE = 16
RETRY_AFTER_S = 2

_PATH = re.compile(rb"\A(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/([0-9a-f-]{36})(\.delta)?\.crl\Z")
_TAG = re.compile(r'(?:W/)?("[^"]*")')

# What cannot come out of this contract stands for a defect of ours.
STATUS: Mapping[ErrorCode, int] = dict.fromkeys(ErrorCode, 500) | {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.THROTTLED: 503,
    ErrorCode.UNAVAILABLE: 503,
}


class CrlFrontend:
    name = "crl"

    def __init__(self, reader: CrlReader, pool: Pool, clock: Clock) -> None:
        self._reader = reader
        self._pool = pool
        self._clock = clock
        self._streams: Counter[str] = Counter()  # by the client's address

    def routes(self) -> list[Route]:
        return [Route(b".crl", self, METHODS, ending=True, body=0)]

    async def handle(self, request: Request) -> Response:
        request.operation = "GetCrl"
        match = _PATH.match(request.raw_path)
        if match is None:
            raise _not_there(request)
        found = await self._pool.run(self._reader.find, match[1].decode(), delta=match[2] is not None)
        if found.document is None and found.promised and match[2] is None:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "The CRL is being made: try again in a moment.")
        if found.document is None:
            raise _not_there(request)
        headers = self._headers(found.document)
        if _is_known(request, found.document):
            return Response(304, b"", headers)
        headers.append((b"content-type", CONTENT_TYPE))
        if request.method == "HEAD":
            headers.append((b"content-length", str(found.document.size).encode()))
            return Response(200, b"", headers)
        if found.document.chunks > 1:
            return Response(200, headers=headers, stream=self._stream(request, found.document))
        body = b"".join([chunk async for chunk in self._content(found.document)])
        return Response(200, body, headers)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        response = problem(request, STATUS[error.code], error)
        if response.status == 503:
            response.headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        return response

    def _headers(self, document: CrlDocument) -> list[tuple[bytes, bytes]]:
        left = document.next_update - self._clock.now()
        age = max(min(left, MAX_AGE), timedelta(0))
        modified = format_datetime(document.this_update, usegmt=True)
        return [
            (b"etag", _tag(document).encode()),
            (b"last-modified", modified.encode()),
            (b"cache-control", f"public, max-age={age // timedelta(seconds=1)}".encode()),
        ]

    def _stream(self, request: Request, document: CrlDocument) -> Stream:
        if self._streams.total() >= MAX_STREAMS or self._streams[request.client] >= MAX_STREAMS_OF_ONE:
            raise PrivySealError(ErrorCode.THROTTLED, "Too many downloads are under way: try again soon.")
        return Stream(document.size, self._counted(request.client, document))

    async def _counted(self, client: str, document: CrlDocument) -> AsyncGenerator[bytes, None]:
        self._streams[client] += 1
        try:
            async for chunk in self._content(document):
                yield chunk
        finally:
            self._streams[client] -= 1
            if not self._streams[client]:
                del self._streams[client]

    async def _content(self, document: CrlDocument) -> AsyncGenerator[bytes, None]:
        yield document.head
        for seq in range(document.chunks):
            chunk = await self._pool.run(self._reader.chunk, document.id, seq)
            if chunk is None:
                return
            yield chunk
        yield document.tail


def _tag(document: CrlDocument) -> str:
    return f'"{document.id}"'


def _is_known(request: Request, document: CrlDocument) -> bool:
    """Conditional requests (RFC 9110 §13.1.2 and §13.1.3): a tag counts, and only without one a time."""
    tags = request.headers.all(b"if-none-match")
    if tags:
        asked = ",".join(tags)
        return asked.strip() == "*" or _tag(document) in _TAG.findall(asked)
    since = request.headers.all(b"if-modified-since")
    return len(since) == 1 and (at := _date(since[0])) is not None and document.this_update <= at


def _date(text: str) -> datetime | None:
    """None where it is no date: the condition is then ignored."""
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _not_there(request: Request) -> PrivySealError:
    return PrivySealError(ErrorCode.NOT_FOUND, f"There is no CRL at {request.path[:200]}")
