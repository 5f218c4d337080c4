"""A certificate as DescribeCertificate shows it."""

from collections.abc import Mapping
from typing import Any

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.options import options_of
from privyseal.managed.renewal import is_eligible
from privyseal.managed.states import Kind, Status
from privyseal.managed.told import KEY_PAIR_ORIGINS
from privyseal.x509.model_certificate import describe

ELIGIBILITY = {True: "ELIGIBLE", False: "INELIGIBLE"}


def detail(certificate: ManagedCertificate) -> dict[str, Any]:
    """CertificateDetail, by the names of the service model."""
    shown = {
        "CertificateArn": str(certificate.arn),
        "DomainName": certificate.domain or None,
        "SubjectAlternativeNames": list(certificate.names) or None,
        "DomainValidationOptions": _validations(certificate),
        "CreatedAt": certificate.created_at,
        "IssuedAt": certificate.issued_at,
        "ImportedAt": certificate.imported_at,
        "Status": certificate.status.value,
        "RevokedAt": certificate.revoked.at if certificate.revoked else None,
        "RevocationReason": certificate.revoked.reason if certificate.revoked else None,
        "KeyAlgorithm": certificate.key_algorithm.replace("_", "-"),  # hyphens here, and nowhere else
        "InUseBy": list(certificate.in_use_by),
        "FailureReason": certificate.failure_reason if certificate.status is Status.FAILED else None,
        "Type": certificate.kind.value,
        "RenewalSummary": _renewal(certificate),
        "CertificateAuthorityArn": certificate.authority_arn,
        "RenewalEligibility": ELIGIBILITY[is_eligible(certificate)],
        "Options": dict(options_of(certificate)),
        "CertificateKeyPairOrigin": KEY_PAIR_ORIGINS[certificate.kind],
        **_contents(certificate),
    }
    return given(shown)


def given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without the members that have no value."""
    return {name: value for name, value in members.items() if value is not None}


def _contents(certificate: ManagedCertificate) -> dict[str, Any]:
    """What the certificate itself says, once there is one."""
    if certificate.material is None:
        return {"Subject": f"CN={certificate.domain}", "KeyUsages": [], "ExtendedKeyUsages": []}
    described = describe(certificate.material.der)
    purposes = described.purposes
    return {
        "Serial": described.serial,
        "Subject": described.summary.subject,
        "Issuer": described.issuer_name,
        "NotBefore": described.summary.not_before,
        "NotAfter": described.summary.not_after,
        "SignatureAlgorithm": described.summary.signature_algorithm,
        "KeyUsages": [{"Name": name} for name in described.usages],
        "ExtendedKeyUsages": [{"Name": name} | ({"OID": oid} if oid else {}) for name, oid in purposes],
    }


# What the waiter `certificate_validated` looks at; a private certificate is validated by being issued.
_VALIDATED = {Status.PENDING_VALIDATION: "PENDING_VALIDATION", Status.FAILED: "FAILED"}


def _validations(certificate: ManagedCertificate) -> list[dict[str, str]] | None:
    if certificate.kind is not Kind.PRIVATE:
        return None
    status = _VALIDATED.get(certificate.status, "SUCCESS")
    return [{"DomainName": name, "ValidationStatus": status} for name in certificate.names]


def _renewal(certificate: ManagedCertificate) -> dict[str, Any] | None:
    """A private certificate has no domains to validate: the list is required, and empty."""
    if certificate.renewal is None:
        return None
    summary: dict[str, Any] = {
        "RenewalStatus": certificate.renewal.status.value,
        "DomainValidationOptions": [],
        "UpdatedAt": certificate.renewal.updated_at,
    }
    if certificate.renewal.reason is not None:
        summary["RenewalStatusReason"] = certificate.renewal.reason
    return summary
