"""Errors that the service model lists and that nothing can bring about here, each with its reason.

`docs/compatibility.md` shows this table; a test proves that it and the provoked errors are all there is.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    error: str
    operations: tuple[str, ...]
    why: str


CANNOT_OCCUR = (
    Reason(
        "ConcurrentModificationException",
        (
            "DeleteCertificateAuthority",
            "DeletePolicy",
            "ImportCertificateAuthorityCertificate",
            "PutPolicy",
            "RevokeCertificate",
            "UpdateCertificateAuthority",
        ),
        "Changes of one authority wait for each other in the database: the later one is made on what the"
        " earlier one has left, and answers by the state that it finds"
        " (`tests/acm_pca_errors/test_at_once.py`).",
    ),
    Reason(
        "InvalidArgsException",
        ("DescribeCertificateAuthorityAuditReport",),
        "An AuditReportId that is not one is a ValidationException, as for every member that has a pattern;"
        " there is nothing else to get wrong.",
    ),
    Reason(
        "LimitExceededException",
        ("CreatePermission", "RevokeCertificate"),
        "One principal can have one permission on an authority, and nothing limits how many certificates"
        " are revoked: a CRL of a million entries is made like a small one.",
    ),
    Reason(
        "LockoutPreventedException",
        ("DeletePolicy", "PutPolicy"),
        "A policy has only Allow statements for others. What the owner may do never depends on it.",
    ),
    Reason(
        "RequestFailedException",
        (
            "CreateCertificateAuthorityAuditReport",
            "CreatePermission",
            "DeletePermission",
            "DeletePolicy",
            "GetCertificateAuthorityCsr",
            "GetPolicy",
            "ImportCertificateAuthorityCertificate",
            "ListPermissions",
            "ListTags",
            "PutPolicy",
        ),
        "“For an unspecified reason” does not happen: what fails says why, and what fails because a disk"
        " or a key store is away is ServiceUnavailable, which SDKs retry. An authority or a report whose"
        " making has failed says so by its state.",
    ),
    Reason(
        "RequestInProgressException",
        ("ImportCertificateAuthorityCertificate",),
        "An import is done when it is answered.",
    ),
)
