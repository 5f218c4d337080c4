"""The one exception that the domain raises, and the closed list of what can go wrong.

A front-end owns a total table from `ErrorCode` to its own wire (AWS exception names, HTTP
problem documents …). Whatever is not a `PrivySealError` is internal: logged, silent on the wire.
"""

from enum import StrEnum, unique


@unique
class ErrorCode(StrEnum):
    """What went wrong, by whose fault and what to do about it: one code, one remedy."""

    # The request itself
    MALFORMED_REQUEST = "malformed-request"  # the body is not what its content type says
    VALIDATION = "validation"  # a field breaks a constraint of the service model
    TOO_LARGE = "too-large"  # the body is over the limit
    UNSUPPORTED_MEDIA = "unsupported-media"  # content type or encoding that is not spoken
    METHOD_NOT_ALLOWED = "method-not-allowed"
    UNKNOWN_OPERATION = "unknown-operation"
    UNKNOWN_SERVICE = "unknown-service"  # an AWS service that is not served here
    INVALID_ARGUMENT = "invalid-argument"  # well-formed, but not a sensible combination
    INVALID_ARN = "invalid-arn"
    INVALID_TAG = "invalid-tag"
    INVALID_PAGE_TOKEN = "invalid-page-token"  # noqa: S105 - the name of an error
    INVALID_POLICY = "invalid-policy"
    INVALID_REQUEST = "invalid-request"  # this object can never be asked that
    MALFORMED_CSR = "malformed-csr"
    MALFORMED_CERTIFICATE = "malformed-certificate"
    CERTIFICATE_MISMATCH = "certificate-mismatch"  # the certificate does not fit its key or signer

    # Who asks
    MISSING_CREDENTIALS = "missing-credentials"
    MALFORMED_CREDENTIALS = "malformed-credentials"  # an Authorization header that cannot be read
    UNKNOWN_CREDENTIALS = "unknown-credentials"  # no such access key, or it is switched off
    BAD_SIGNATURE = "bad-signature"
    ACCESS_DENIED = "access-denied"

    # The state of things
    NOT_FOUND = "not-found"
    INVALID_STATE = "invalid-state"
    ALREADY_DONE = "already-done"  # revoked twice
    ALREADY_EXISTS = "already-exists"  # a permission that was given before
    IN_PROGRESS = "in-progress"  # ask again soon
    IN_USE = "in-use"  # something else stands on it
    FAILED = "failed"  # what was asked for earlier has failed for good
    CONFLICT = "conflict"  # somebody else changed it meanwhile: read again and retry
    LIMIT_EXCEEDED = "limit-exceeded"
    TOO_MANY_TAGS = "too-many-tags"
    THROTTLED = "throttled"  # busy: retry with back-off
    UNAVAILABLE = "unavailable"  # something that the service stands on is down: retry
    INTERNAL = "internal"  # a defect of ours


class PrivySealError(Exception):
    """`code` says what kind, `message` says what was wrong, where, and what to do.

    The message goes to the caller as it is: it never carries secrets, paths or traces.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.value}: {self.message}"
