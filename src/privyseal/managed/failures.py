"""Why an authority does not issue a managed certificate, in ACM's words, and what helps.

Source: acm service model (FailureReason) and the AWS Certificate Manager user guide, "Troubleshoot
managed certificate renewal" and "Certificate request fails".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.model import ManagedCertificate
from privyseal.names import AuthorityArn

ACCESS_DENIED = "PCA_ACCESS_DENIED"
NAME_CONSTRAINTS = "PCA_NAME_CONSTRAINTS_VALIDATION"
REQUEST_FAILED = "PCA_REQUEST_FAILED"

# What issuing says → FailureReason. VALIDATION is what it says of times alone (`x509/validity.py`).
_REASONS: Mapping[ErrorCode, str] = {
    ErrorCode.INVALID_STATE: "PCA_INVALID_STATE",
    ErrorCode.VALIDATION: "PCA_INVALID_DURATION",
    ErrorCode.NOT_FOUND: "PCA_RESOURCE_NOT_FOUND",
    ErrorCode.ACCESS_DENIED: ACCESS_DENIED,
    ErrorCode.LIMIT_EXCEEDED: "PCA_LIMIT_EXCEEDED",
    ErrorCode.INVALID_ARN: "PCA_INVALID_ARN",
    ErrorCode.INVALID_ARGUMENT: "PCA_INVALID_ARGS",
    ErrorCode.MALFORMED_CSR: "PCA_INVALID_ARGS",
}

# Errors that pass: nothing is wrong with the request.
_PASSING = frozenset({ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE, ErrorCode.CONFLICT, ErrorCode.INTERNAL})

REMEDIES: Mapping[str, str] = {
    "PCA_INVALID_STATE": "The certificate authority is not ACTIVE: enable it, or install its certificate.",
    "PCA_INVALID_DURATION": "The certificate authority ends before the certificate would, or issues for days"
    " only: renew the authority's certificate.",
    "PCA_RESOURCE_NOT_FOUND": "There is no such certificate authority any more: request another certificate.",
    ACCESS_DENIED: "Give acm.amazonaws.com the permissions IssueCertificate and GetCertificate on the"
    " certificate authority (acm-pca create-permission).",
    "PCA_LIMIT_EXCEEDED": "The certificate authority has issued as many certificates as it may.",
    "PCA_INVALID_ARN": "The ARN of the certificate authority is wrong: request another certificate.",
    "PCA_INVALID_ARGS": "The certificate authority does not issue this: request another certificate.",
    NAME_CONSTRAINTS: "The name constraints of an authority forbid a name of this certificate.",
    REQUEST_FAILED: "The certificate authority could not answer; it is asked again.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no certificate: a FailureReason, what issuing has said, and whether that passes."""

    reason: str
    message: str
    passes: bool


def refusal(
    error: PrivySealError, certificate: ManagedCertificate, *, names_forbidden: bool = False
) -> Refusal:
    """`names_forbidden`: the name constraints above the authority forbid a name of the certificate."""
    reason = _REASONS.get(error.code, REQUEST_FAILED)
    if error.code is ErrorCode.NOT_FOUND and _is_foreign(certificate):
        reason = ACCESS_DENIED
    if error.code is ErrorCode.INVALID_ARGUMENT and names_forbidden:
        reason = NAME_CONSTRAINTS
    return Refusal(reason, error.message, error.code in _PASSING)


def _is_foreign(certificate: ManagedCertificate) -> bool:
    arn = AuthorityArn.parse(certificate.authority_arn or "")
    return arn.account != certificate.arn.account
