"""What each error of ours is called by AWS Lambda.

Names and statuses of the lambda model (botocore) and of "Common Errors" in its API reference.
"""

from privyseal.errors import ErrorCode
from privyseal.frontends.aws.errors import WIRE, Names

LAMBDA: Names = {
    **WIRE,
    ErrorCode.MALFORMED_REQUEST: ("InvalidRequestContentException", 400),
    ErrorCode.VALIDATION: ("InvalidParameterValueException", 400),
    ErrorCode.INVALID_ARGUMENT: ("InvalidParameterValueException", 400),
    ErrorCode.TOO_LARGE: ("RequestTooLargeException", 413),
    ErrorCode.UNSUPPORTED_MEDIA: ("UnsupportedMediaTypeException", 415),
    ErrorCode.NOT_FOUND: ("ResourceNotFoundException", 404),
    ErrorCode.MISSING_CREDENTIALS: ("MissingAuthenticationTokenException", 403),
    ErrorCode.MALFORMED_CREDENTIALS: ("IncompleteSignatureException", 403),
    ErrorCode.UNKNOWN_CREDENTIALS: ("UnrecognizedClientException", 403),
    ErrorCode.BAD_SIGNATURE: ("InvalidSignatureException", 403),
    ErrorCode.ACCESS_DENIED: ("AccessDeniedException", 403),
    ErrorCode.THROTTLED: ("TooManyRequestsException", 429),
    ErrorCode.UNAVAILABLE: ("ServiceException", 503),
    ErrorCode.INTERNAL: ("ServiceException", 500),
}
