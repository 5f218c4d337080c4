"""OCSP over HTTP (RFC 6960 appendix A, RFC 5019): POST, and GET with the request in the path.

Whatever can be read as HTTP is answered with status 200 and an OCSP response, which says itself what
is wrong. Answers that others may be given too are kept and come back without a thread.
"""

import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, formatdate
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from privyseal.ca.revocation.answers import Answer
from privyseal.ca.revocation.ocsp import INTERNAL_ERROR, MALFORMED, TRY_LATER, Ocsp
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Pairs, Request, Response, Route, problem
from privyseal.x509.ocsp_request import MAX_SIZE

# A cache on the way may answer for so long, in seconds, without asking here: it must not hide a
# revocation. It then asks whether its answer has changed (ETag), which costs next to nothing.
MAX_AGE: Final = 2
_CACHED: Final = (b"cache-control", b"max-age=%d, public, no-transform, must-revalidate" % MAX_AGE)
_NOT_CACHED: Final = (b"cache-control", b"no-store")
_TYPE: Final = (b"content-type", b"application/ocsp-response")

# Answers in memory, by the request (DER), so that no spelling of a path is one more: how many, how many
# octets of requests, answers and what goes with each, and the longest request that one is kept for.
MAX_KEPT: Final = 16_384
MAX_KEPT_OCTETS: Final = 16 * 1024 * 1024
MAX_KEY: Final = 1_024
_BESIDE: Final = 1_536  # octets of an answer's headers and records
# Octets of a path that can hold a request: base64, every character of it escaped.
MAX_PATH: Final = 4 * MAX_SIZE

FAILURES: Mapping[ErrorCode, Answer] = {
    ErrorCode.MALFORMED_REQUEST: MALFORMED,
    ErrorCode.TOO_LARGE: MALFORMED,
    ErrorCode.UNSUPPORTED_MEDIA: MALFORMED,
    ErrorCode.NOT_FOUND: MALFORMED,
    ErrorCode.THROTTLED: TRY_LATER,
    ErrorCode.UNAVAILABLE: TRY_LATER,
}


class OcspFrontend:
    """At `/ocsp`; with `at_root` at `/` too, where a name of its own (OcspCustomCname) leads."""

    name = "ocsp"

    def __init__(
        self, ocsp: Ocsp, clock: Clock, *, at_root: bool = False, octets: int = MAX_KEPT_OCTETS
    ) -> None:
        self._ocsp = ocsp
        self._clock = clock
        self._at_root = at_root
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._octets_left = octets

    def routes(self) -> list[Route]:
        """POST and GET alone, as in RFC 6960 appendix A: the head of an answer (HEAD) says nothing."""
        places = (b"/ocsp", b"/") if self._at_root else (b"/ocsp",)
        exact = [Route(place, self, ("POST", "GET"), body=MAX_SIZE, ready=self) for place in places]
        below = [
            Route(place.rstrip(b"/") + b"/", self, ("POST", "GET"), below=True, body=MAX_SIZE, ready=self)
            for place in places
        ]
        return [*exact, *below]

    def ready(self, method: str, raw_path: bytes, headers: Pairs, body: bytes) -> Response | None:
        """The kept response to what was asked before, where that is still right."""
        try:
            kept = self._kept.get(body if method == "POST" else _in_path(raw_path))
        except ValueError:
            return None
        if kept is None:
            return None
        now = self._clock.now()
        if not self._ocsp.is_right(kept.answer, now):
            return None
        return kept.posted if method == "POST" else kept.got(headers, now)

    async def handle(self, request: Request) -> Response:
        request.operation = request.method
        posted = request.method == "POST"
        try:
            asked = request.body if posted else _in_path(request.raw_path)
        except ValueError:
            return _plain(MALFORMED)
        answer = await self._ocsp.answer(asked)
        if answer.until is None:
            return _plain(answer)
        kept = _Kept(answer)
        if answer.generation is not None and len(asked) <= MAX_KEY:
            self._keep(asked, kept)
        return kept.posted if posted else kept.got(request.headers.pairs, self._clock.now())

    def _keep(self, key: bytes, kept: "_Kept") -> None:
        if replaced := self._kept.pop(key, None):
            self._octets_left += _size(key, replaced)
        self._kept[key] = kept
        self._octets_left -= _size(key, kept)
        while len(self._kept) > MAX_KEPT or self._octets_left < 0:
            self._octets_left += _size(*self._kept.popitem(last=False))

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        if error.code is ErrorCode.METHOD_NOT_ALLOWED:
            return problem(request, 405, error)
        response = _plain(FAILURES.get(error.code, INTERNAL_ERROR))
        response.outcome = error.code.value
        return response


class _Kept:
    """An answer with the headers that go with it (RFC 5019 §6.2). No cache keeps what was posted: its
    response carries none of what is said to caches.
    """

    __slots__ = ("_etag", "_headers", "answer", "posted")

    def __init__(self, answer: Answer) -> None:
        assert answer.this_update is not None
        self.answer = answer
        self.posted = Response(200, answer.response, [_TYPE])
        self._etag = b'"%b"' % hashlib.sha256(answer.response).hexdigest().encode()
        last_modified = format_datetime(answer.this_update, usegmt=True).encode()
        self._headers = [_TYPE, _CACHED, (b"etag", self._etag), (b"last-modified", last_modified)]

    def got(self, headers: Pairs, now: datetime) -> Response:
        """The response to a GET, conditional or not (RFC 9110 §13.1.2)."""
        sent = [*self._headers, (b"expires", _expires(int(now.timestamp())))]
        for name, value in headers:
            if name == b"if-none-match" and self._etag in value:
                return Response(304, b"", sent[1:])
        return Response(200, self.answer.response, sent)


def _size(key: bytes, kept: _Kept) -> int:
    return len(key) + len(kept.answer.response) + _BESIDE


def _plain(answer: Answer) -> Response:
    return Response(200, answer.response, [_TYPE, _NOT_CACHED])


@lru_cache(maxsize=2)
def _expires(second: int) -> bytes:
    return formatdate(second + MAX_AGE, usegmt=True).encode()


def _in_path(raw_path: bytes) -> bytes:
    """The request in a path: base64, percent-encoded or not. Raises ValueError."""
    if len(raw_path) > MAX_PATH:
        raise ValueError
    text = raw_path.removeprefix(b"/ocsp").lstrip(b"/")
    try:
        return binascii.a2b_base64(unquote_to_bytes(text) if b"%" in text else text, strict_mode=True)
    except binascii.Error as error:
        raise ValueError from error
