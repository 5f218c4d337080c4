"""Why a certificate was revoked: the names that calls use and the codes that CRLs and OCSP carry."""

from collections.abc import Mapping

# RevocationReason of the acm-pca service model → CRLReason (RFC 5280 §5.3.1).
AWS_REASONS: Mapping[str, int] = {
    "UNSPECIFIED": 0,
    "KEY_COMPROMISE": 1,
    "CERTIFICATE_AUTHORITY_COMPROMISE": 2,
    "AFFILIATION_CHANGED": 3,
    "SUPERSEDED": 4,
    "CESSATION_OF_OPERATION": 5,
    "PRIVILEGE_WITHDRAWN": 9,
    "A_A_COMPROMISE": 10,
}
# The one that can be undone; acm-pca has no name for it, our own API does.
HOLD = "CERTIFICATE_HOLD"
REASONS: Mapping[str, int] = {**AWS_REASONS, HOLD: 6}
REMOVE_FROM_CRL = 8  # only in delta CRLs: a hold that was released
