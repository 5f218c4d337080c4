"""What a device may be told, by kind: bad request, not allowed, not known, slower, try again. And what
of it is recorded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from privyseal.caller import Caller
from privyseal.devices.enrolment import DeniedError
from privyseal.devices.link_tokens import ExpiredError
from privyseal.devices.throttle import TooOftenError
from privyseal.devices.vending import PROVISIONED
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.http import Request, Response, problem
from privyseal.sparing import Sparing

# The largest legal CSR has 32 KB; JSON escapes its line ends.
MAX_BODY = 64 * 1024
RETRY_AFTER_S = 2
ANYBODY = "anonymous"  # the principal of who has proved nothing
RECORDED_EVERY_S = 60.0  # a refusal of one device

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


class Denials:
    """The refusals that are recorded: those of devices that are registered. Only these are denied.

    Whoever asks has proved nothing, so it is not said to be the device, and it cannot make the
    database grow: of each device one refusal a minute is recorded (by each contract, in each process).
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._recorded = Sparing(RECORDED_EVERY_S)

    @contextmanager
    def noted(self, request: Request) -> Iterator[None]:
        """What is denied within becomes the request's attempt."""
        try:
            yield
        except DeniedError as error:
            if self._recorded.allow(error.device_id):
                caller = Caller(ANYBODY, self._account, request.request_id)
                request.attempt = Attempt(PROVISIONED, caller, f"device/{error.device_id}")
            raise


def refusal(request: Request, error: PrivySealError) -> Response:
    """A problem document, with Retry-After where a retry may help."""
    if isinstance(error, TooOftenError):
        response = problem(request, 429, error)
        response.headers.append(_retry_after(error.retry_after))
        return response
    status = 410 if isinstance(error, ExpiredError) else STATUS[error.code]
    response = problem(request, status, error)
    if response.status == 503:
        response.headers.append(_retry_after(RETRY_AFTER_S))
    return response


def _retry_after(seconds: int) -> tuple[bytes, bytes]:
    return b"retry-after", str(seconds).encode()
