"""A request as a front-end sees it, and its answer."""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from msgspec import Struct, field

from privyseal import sigv4
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.value import Value

_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NEVER_IN_A_SEGMENT = re.compile(r"[\x00-\x1f\x7f/\\]")


# Header fields in order: names in lower case.
Pairs = Sequence[tuple[bytes, bytes]]


class Headers(Value, frozen=True):
    """The header fields of a request: names in lower case, repeated ones kept."""

    pairs: Pairs

    def get(self, name: bytes) -> str | None:
        """The only value of a header. Raises MALFORMED_REQUEST when the header occurs twice."""
        found = None
        for key, value in self.pairs:
            if key == name:
                if found is not None:
                    message = f"The header '{name.decode()}' must not occur more than once."
                    raise PrivySealError(ErrorCode.MALFORMED_REQUEST, message)
                found = value
        return None if found is None else found.decode("latin-1")

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.pairs if key == name]

    def media_type(self) -> str:
        """The Content-Type without parameters, in lower case; empty when there is none."""
        return (self.get(b"content-type") or "").partition(";")[0].strip().lower()


class Request(Struct):
    """`raw_path` and `raw_query` are the bytes of the request line. `operation` is what a front-end
    calls the request, from a closed list; it is empty until the front-end knows. `attempt` is the
    change that it asks for, once the front-end knows who asks: when it is refused, it is recorded.
    `peer` is the client's certificate (DER), where TLS has asked for one and verified it.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    client: str
    request_id: str
    body: bytes = b""
    operation: str = ""
    attempt: Attempt | None = None
    peer: bytes | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path}, {self.request_id})"

    @property
    def path(self) -> str:
        """The path for messages and logs: never for decisions."""
        return self.raw_path.decode("ascii", "backslashreplace")

    def segments(self, prefix: bytes) -> list[str]:
        """The segments after `prefix`, each percent-decoded once.

        Raises NOT_FOUND for whatever could be read in two ways: an empty or dot segment, a slash,
        backslash or control character inside one, a broken escape, bytes that are not UTF-8.
        """
        if not self.raw_path.startswith(prefix):
            raise _no_such_path(self)
        return [_segment(self, part) for part in self.raw_path[len(prefix) :].split(b"/")]

    def query(self) -> dict[str, str]:
        """The query parameters, read as a signature reads them. Each occurs once."""
        found: dict[str, str] = {}
        if _ESCAPE.search(self.raw_query):
            raise PrivySealError(ErrorCode.MALFORMED_REQUEST, "The query has a broken percent escape.")
        for name, value in sigv4.split_query(self.raw_query):
            try:
                key, text = name.decode(), value.decode()
            except UnicodeDecodeError:
                raise PrivySealError(ErrorCode.MALFORMED_REQUEST, "The query is not UTF-8.") from None
            if key in found:
                message = f"The query parameter {key!r} must not occur more than once."
                raise PrivySealError(ErrorCode.MALFORMED_REQUEST, message)
            found[key] = text
        return found


class Stream(Struct):
    """A body that is sent while it is read. When `chunks` ends early, the connection is closed: what
    the client has is not whole, and it can tell.
    """

    length: int  # octets
    chunks: AsyncGenerator[bytes, None]


class Response(Struct):
    """`outcome` is "ok" or an error code's value: a label of the metrics. A `stream` is sent in place
    of the body.
    """

    status: int
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    outcome: str = "ok"
    stream: Stream | None = None


def problem(request: Request, status: int, error: PrivySealError) -> Response:
    """A problem document (RFC 9457): the answer where no front-end has a form of its own."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code.value,
        "detail": error.message,
        "request_id": request.request_id,
    }
    headers = [(b"content-type", b"application/problem+json")]
    return Response(status, json.dumps(body).encode(), headers, error.code.value)


def _segment(request: Request, part: bytes) -> str:
    try:
        text = "" if _ESCAPE.search(part) else unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        text = ""
    if text in {"", ".", ".."} or _NEVER_IN_A_SEGMENT.search(text):
        raise _no_such_path(request)
    return text


def _no_such_path(request: Request) -> PrivySealError:
    return PrivySealError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path[:200]}")
