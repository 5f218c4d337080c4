"""What each error of ours is called by AWS Certificate Manager.

Names of the acm model (botocore). What that model lists for no operation is a ValidationException there,
as AWS answers it for whatever a request gets wrong. Total: a test proves it.
"""

from privyseal.errors import ErrorCode
from privyseal.frontends.aws.errors import WIRE, Names

_INVALID = ("ValidationException", 400)

ACM: Names = {
    **WIRE,
    ErrorCode.INVALID_ARGUMENT: ("InvalidParameterException", 400),
    ErrorCode.INVALID_PAGE_TOKEN: ("InvalidArgsException", 400),
    ErrorCode.INVALID_POLICY: _INVALID,
    ErrorCode.INVALID_REQUEST: _INVALID,
    ErrorCode.MALFORMED_CSR: _INVALID,
    ErrorCode.MALFORMED_CERTIFICATE: _INVALID,
    ErrorCode.CERTIFICATE_MISMATCH: _INVALID,
    ErrorCode.FAILED: _INVALID,
    ErrorCode.IN_USE: ("ResourceInUseException", 400),
    ErrorCode.ALREADY_DONE: ("ConflictException", 400),
    ErrorCode.ALREADY_EXISTS: ("ConflictException", 400),
    ErrorCode.CONFLICT: ("ConflictException", 400),
}
