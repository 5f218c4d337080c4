"""What each error of ours is called on the AWS wire.

Names and statuses of the acm-pca model (botocore) and, for what no model lists, of "Common Errors" in
the AWS Private CA API reference. Its JSON services answer client errors with 400, including those of
authentication, where S3 or STS say 403. Total: a test proves it.
"""

from collections.abc import Mapping

from privyseal.errors import ErrorCode

# code → (exception name, HTTP status)
Names = Mapping[ErrorCode, tuple[str, int]]

WIRE: Names = {
    ErrorCode.MALFORMED_REQUEST: ("SerializationException", 400),
    ErrorCode.VALIDATION: ("ValidationException", 400),
    ErrorCode.TOO_LARGE: ("RequestEntityTooLargeException", 413),
    # AWS answers a content type that it does not speak as if it knew no such operation.
    ErrorCode.UNSUPPORTED_MEDIA: ("UnknownOperationException", 400),
    ErrorCode.METHOD_NOT_ALLOWED: ("UnknownOperationException", 405),
    ErrorCode.UNKNOWN_OPERATION: ("UnknownOperationException", 400),
    ErrorCode.UNKNOWN_SERVICE: ("UnknownServiceException", 400),
    ErrorCode.INVALID_ARGUMENT: ("InvalidArgsException", 400),
    ErrorCode.INVALID_ARN: ("InvalidArnException", 400),
    ErrorCode.INVALID_TAG: ("InvalidTagException", 400),
    ErrorCode.INVALID_PAGE_TOKEN: ("InvalidNextTokenException", 400),
    ErrorCode.INVALID_POLICY: ("InvalidPolicyException", 400),
    ErrorCode.INVALID_REQUEST: ("InvalidRequestException", 400),
    ErrorCode.MALFORMED_CSR: ("MalformedCSRException", 400),
    ErrorCode.MALFORMED_CERTIFICATE: ("MalformedCertificateException", 400),
    ErrorCode.CERTIFICATE_MISMATCH: ("CertificateMismatchException", 400),
    ErrorCode.MISSING_CREDENTIALS: ("MissingAuthenticationTokenException", 400),
    ErrorCode.MALFORMED_CREDENTIALS: ("IncompleteSignatureException", 400),
    ErrorCode.UNKNOWN_CREDENTIALS: ("UnrecognizedClientException", 400),
    ErrorCode.BAD_SIGNATURE: ("InvalidSignatureException", 400),
    ErrorCode.ACCESS_DENIED: ("AccessDeniedException", 400),
    ErrorCode.NOT_FOUND: ("ResourceNotFoundException", 400),
    ErrorCode.INVALID_STATE: ("InvalidStateException", 400),
    ErrorCode.ALREADY_DONE: ("RequestAlreadyProcessedException", 400),
    ErrorCode.ALREADY_EXISTS: ("PermissionAlreadyExistsException", 400),
    ErrorCode.IN_PROGRESS: ("RequestInProgressException", 400),
    ErrorCode.IN_USE: ("InvalidStateException", 400),
    ErrorCode.FAILED: ("RequestFailedException", 400),
    ErrorCode.CONFLICT: ("ConcurrentModificationException", 400),
    ErrorCode.LIMIT_EXCEEDED: ("LimitExceededException", 400),
    ErrorCode.TOO_MANY_TAGS: ("TooManyTagsException", 400),
    ErrorCode.THROTTLED: ("ThrottlingException", 400),
    ErrorCode.UNAVAILABLE: ("ServiceUnavailable", 503),
    ErrorCode.INTERNAL: ("InternalFailure", 500),
}

# Exceptions that any operation may answer, whether its model lists them or not.
COMMON = frozenset(
    WIRE[code][0]
    for code in (
        ErrorCode.MALFORMED_REQUEST,
        ErrorCode.VALIDATION,
        ErrorCode.TOO_LARGE,
        ErrorCode.UNKNOWN_OPERATION,
        ErrorCode.UNKNOWN_SERVICE,
        ErrorCode.MISSING_CREDENTIALS,
        ErrorCode.MALFORMED_CREDENTIALS,
        ErrorCode.UNKNOWN_CREDENTIALS,
        ErrorCode.BAD_SIGNATURE,
        ErrorCode.ACCESS_DENIED,
        ErrorCode.THROTTLED,
        ErrorCode.UNAVAILABLE,
        ErrorCode.INTERNAL,
    )
)

# sts speaks awsQuery, with names and statuses of its own ("Common Errors" in the STS API reference).
QUERY: Names = {
    **WIRE,
    ErrorCode.MALFORMED_REQUEST: ("MalformedQueryString", 400),
    ErrorCode.VALIDATION: ("ValidationError", 400),
    ErrorCode.UNKNOWN_OPERATION: ("InvalidAction", 400),
    ErrorCode.UNSUPPORTED_MEDIA: ("InvalidAction", 400),
    ErrorCode.MISSING_CREDENTIALS: ("MissingAuthenticationToken", 403),
    ErrorCode.MALFORMED_CREDENTIALS: ("IncompleteSignature", 400),
    ErrorCode.UNKNOWN_CREDENTIALS: ("InvalidClientTokenId", 403),
    ErrorCode.BAD_SIGNATURE: ("SignatureDoesNotMatch", 403),
    ErrorCode.ACCESS_DENIED: ("AccessDenied", 403),
    ErrorCode.THROTTLED: ("Throttling", 400),
}
