"""What a device may be told, by kind: bad request, not allowed, not known, slower, try again."""

from collections.abc import Mapping

from privyseal.devices.throttle import TooOftenError
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Request, Response, problem

# The largest legal CSR has 32 KB; JSON escapes its line ends.
MAX_BODY = 64 * 1024
RETRY_AFTER_S = 2

# Total: a test proves it. Codes that cannot come out of these contracts stand for a defect of ours.
STATUS: Mapping[ErrorCode, int] = dict.fromkeys(ErrorCode, 500) | {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.VALIDATION: 400,
    ErrorCode.MALFORMED_CSR: 400,
    ErrorCode.ACCESS_DENIED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.THROTTLED: 503,  # by what is busy; by who asks too often it is 429
    ErrorCode.UNAVAILABLE: 503,
}


def refusal(request: Request, error: PrivySealError) -> Response:
    """A problem document, with Retry-After where a retry may help."""
    if isinstance(error, TooOftenError):
        response = problem(request, 429, error)
        response.headers.append(_retry_after(error.retry_after))
        return response
    response = problem(request, STATUS[error.code], error)
    if response.status == 503:
        response.headers.append(_retry_after(RETRY_AFTER_S))
    return response


def _retry_after(seconds: int) -> tuple[bytes, bytes]:
    return b"retry-after", str(seconds).encode()
