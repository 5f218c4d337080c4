"""What each operation does to what it names.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Private
Certificate Authority", the column "Access level". A test holds it against the service model.
"""

from collections.abc import Mapping

from privyseal.frontends.aws.access_levels import Level

LEVELS: Mapping[str, Level] = {
    "CreateCertificateAuthority": Level.WRITE,
    "CreateCertificateAuthorityAuditReport": Level.WRITE,
    "CreatePermission": Level.PERMISSIONS,
    "DeleteCertificateAuthority": Level.WRITE,
    "DeletePermission": Level.PERMISSIONS,
    "DeletePolicy": Level.PERMISSIONS,
    "DescribeCertificateAuthority": Level.READ,
    "DescribeCertificateAuthorityAuditReport": Level.READ,
    "GetCertificate": Level.READ,
    "GetCertificateAuthorityCertificate": Level.READ,
    "GetCertificateAuthorityCsr": Level.READ,
    "GetPolicy": Level.READ,
    "ImportCertificateAuthorityCertificate": Level.WRITE,
    "IssueCertificate": Level.WRITE,
    "ListCertificateAuthorities": Level.LIST,
    "ListPermissions": Level.READ,
    "ListTags": Level.READ,
    "PutPolicy": Level.PERMISSIONS,
    "RestoreCertificateAuthority": Level.WRITE,
    "RevokeCertificate": Level.WRITE,
    "TagCertificateAuthority": Level.TAGGING,
    "UntagCertificateAuthority": Level.TAGGING,
    "UpdateCertificateAuthority": Level.WRITE,
}


def changes(operation: str) -> bool:
    """Whether it changes anything; a refused one is recorded."""
    return LEVELS[operation].changes
