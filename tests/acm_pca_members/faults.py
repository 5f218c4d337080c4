"""Every way to get one member of a request of acm-pca wrong, in either protocol."""

from collections.abc import Iterator

from tests.acm_pca_errors.wire import CBOR, MODEL
from tests.request_faults import Fault, Patterns, Requests

PATTERNS: Patterns = {
    "ASN1PrintableString64": ("a", "ü"),
    "AWSPolicy": ("{", "€"),
    "AccountId": ("1", "11112222333x"),
    "Arn": ("arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/a", "arn:aws:s3:::bucket"),
    "AuditReportId": ("12345678-1234-1234-1234-123456789012", "12345678-1234-1234-1234-12345678901X"),
    "Base64String1To4096": ("AAAA", "A==="),
    "CnameString": ("a", "a b"),
    "CountryCodeString": ("D", "D1"),
    "CrlPathString": ("a", "a//b"),
    "CustomObjectIdentifier": ("1.2.3", "1.2.x"),
    "IdempotencyToken": ("a", "€"),
    "Principal": ("a", "*"),
    "S3BucketName3To255": ("a", "a b c"),
    "TagKey": ("k", "k\t"),
    "TagValue": ("v", "v#"),
}
REQUESTS = Requests(MODEL, PATTERNS)


def faults(operation: str, protocol: str) -> Iterator[Fault]:
    """Bytes and text are two things in CBOR, and one in JSON."""
    if protocol == CBOR:
        return REQUESTS.faults(operation, no_blob="text", no_text=(b"text",))
    return REQUESTS.faults(operation)
