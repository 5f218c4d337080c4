"""A good request of each operation, for an authority in the state that the operation asks for."""

import json

from tests.aws_calls import Members

EC_CONFIGURATION = {
    "KeyAlgorithm": "EC_prime256v1",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Subject": {"CommonName": "An authority"},
}
ACM = "acm.amazonaws.com"
NO_REPORT = "00000000-0000-0000-0000-000000000000"
NO_SERIAL = 0xABCDEF


def good(operation: str, arn: str, csr: bytes = b"-", certificate: bytes = b"-") -> Members:
    """`certificate` is what is imported; the certificate and the report that are named do not exist."""
    where = {"CertificateAuthorityArn": arn}
    match operation:
        case "CreateCertificateAuthority":
            return {
                "CertificateAuthorityConfiguration": EC_CONFIGURATION,
                "CertificateAuthorityType": "ROOT",
            }
        case "CreateCertificateAuthorityAuditReport":
            return where | {"S3BucketName": "reports", "AuditReportResponseFormat": "JSON"}
        case "CreatePermission":
            return where | {"Principal": ACM, "Actions": ["IssueCertificate", "GetCertificate"]}
        case "DeletePermission":
            return where | {"Principal": ACM}
        case "DescribeCertificateAuthorityAuditReport":
            return where | {"AuditReportId": NO_REPORT}
        case "GetCertificate":
            return where | {"CertificateArn": f"{arn}/certificate/{NO_SERIAL:032x}"}
        case "ImportCertificateAuthorityCertificate":
            return where | {"Certificate": certificate}
        case "IssueCertificate":
            return where | {
                "Csr": csr,
                "SigningAlgorithm": "SHA256WITHECDSA",
                "Validity": {"Type": "DAYS", "Value": 7},
            }
        case "ListCertificateAuthorities":
            return {}
        case "DeletePolicy" | "GetPolicy":
            return {"ResourceArn": arn}
        case "PutPolicy":
            return {"ResourceArn": arn, "Policy": policy(arn)}
        case "RevokeCertificate":
            return where | {"CertificateSerial": f"{NO_SERIAL:x}", "RevocationReason": "SUPERSEDED"}
        case "TagCertificateAuthority" | "UntagCertificateAuthority":
            return where | {"Tags": [{"Key": "team", "Value": "pki"}]}
        case "UpdateCertificateAuthority":
            return where | {"Status": "DISABLED"}
    return where


def policy(arn: str, account: str = "444455556666") -> str:
    """The two statements that AWS asks for."""
    shared = {"Effect": "Allow", "Principal": {"AWS": account}, "Resource": arn}
    read = (
        "DescribeCertificateAuthority",
        "GetCertificate",
        "GetCertificateAuthorityCertificate",
        "ListPermissions",
        "ListTags",
    )
    template = {"acm-pca:TemplateArn": "arn:aws:acm-pca:::template/EndEntityCertificate/V1"}
    statements = [
        shared | {"Action": [f"acm-pca:{name}" for name in read]},
        shared | {"Action": "acm-pca:IssueCertificate", "Condition": {"StringEquals": template}},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
