"""A well-formed request of each operation, from the service model."""

from tests.acm.wire import MODEL
from tests.aws_calls import Members
from tests.request_faults import Patterns, Requests

NOBODY = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"

PATTERNS: Patterns = {
    "AcmeAccountId": ("1" * 36, ""),
    "Arn": (NOBODY, "arn:aws:s3:::bucket/with/a/name"),
    "CertificateArn": (NOBODY, "arn:aws:acm:eu-central-1:1:other/1"),
    "DomainNameString": ("a.example.com", "a b.example.com"),
    "IdempotencyToken": ("a", "€"),
    "NextToken": ("a", "€"),
    "PcaArn": ("arn:aws:acm-pca:eu-central-1:1:certificate-authority/1", "arn:aws:acm:eu-central-1:1:ca/1"),
    "SerialNumber": ("01:02", "01-02"),
    "TagKey": ("k", "k\t"),
    "TagValue": ("v", "v#"),
}
REQUESTS = Requests(MODEL, PATTERNS)


def good(operation: str, arn: str) -> Members:
    """What is required and no more, about that certificate."""
    members = REQUESTS.least(operation)
    return members | ({"CertificateArn": arn} if "CertificateArn" in members else {})
