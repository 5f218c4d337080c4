"""What to do about a refusal, by the name of the error. The service says what; this says what next."""

from collections.abc import Mapping
from types import MappingProxyType

from privyseal.client.errors import ApiError, ClientError, UnreachableError

_KEY = 'The access key is not one of this service: run `eval "$(privyseal env)"` again, or name --data-dir.'
_CLOCK = "Is this machine's clock right? The key may also belong to another service: try --data-dir."

# Names on the AWS wire, and those of our own API (errors.ErrorCode).
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "UnrecognizedClientException": _KEY,
        "unknown-credentials": _KEY,
        "InvalidSignatureException": _CLOCK,
        "bad-signature": _CLOCK,
        "AccessDeniedException": "Ask for this permission, or use an administrator's access key.",
        "access-denied": "Ask for this permission, or use an administrator's access key.",
        "ThrottlingException": "The service is busy: try again in a moment.",
        "throttled": "The service is busy: try again in a moment.",
        "InvalidStateException": "`privyseal ca show ARN` tells which state the authority is in.",
    }
)


def advice_on(error: ClientError) -> str:
    if error.advice:
        return error.advice
    if isinstance(error, ApiError):
        return ADVICE.get(error.code, "")
    if isinstance(error, UnreachableError):
        return "Is the service running? `privyseal up` starts it."
    return ""
