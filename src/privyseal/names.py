"""ARNs, ids and serial numbers: made, parsed and printed in one place.

Source for the ARN shapes: the acm-pca and acm service models and the AWS "Actions, resources, and
condition keys" pages of AWS Private CA and AWS Certificate Manager.
"""

import re
import secrets
import uuid
from functools import lru_cache

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.value import Value

# Region prefix → partition (botocore's partitions.json); everything else is commercial AWS.
PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_AUTHORITY = (
    rf"arn:(?P<partition>aws[a-z-]*):acm-pca:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{{12}})"
    rf":certificate-authority/(?P<id>{_UUID})"
)
_AUTHORITY_ARN = re.compile(rf"\A{_AUTHORITY}\Z")
# 32 digits, or 40 where the serial is of an authority that was taken over: RFC 5280 allows 20 octets.
_SERIAL = "[0-9a-f]{32}|(?!0{8})[0-9a-f]{40}"
_CERTIFICATE_ARN = re.compile(rf"\A{_AUTHORITY}/certificate/(?P<serial>{_SERIAL})\Z")
_MANAGED_ARN = re.compile(
    r"\Aarn:(?P<partition>aws[a-z-]*):acm:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    rf":certificate/(?P<id>{_UUID})\Z"
)
_AWS_SERIALS = 1 << 128
_SERIAL_TEXT = re.compile(r"\A[0-9a-fA-F]{1,40}\Z")


@lru_cache(maxsize=64)
def partition(region: str) -> str:
    return next((name for prefix, name in PARTITIONS.items() if region.startswith(prefix)), "aws")


def new_id() -> str:
    """A random UUID in lower case, made in the application and never by a database sequence."""
    return str(uuid.uuid4())


def new_serial() -> int:
    """A certificate serial number: 128 bits from the system's CSPRNG, positive (RFC 5280 §4.1.2.2)."""
    while True:
        if serial := secrets.randbits(128):
            return serial


def format_serial(serial: int) -> str:
    """The serial as AWS writes it in ARNs: 32 lower-case hex digits; 40 where it has more than AWS's."""
    return f"{serial:032x}" if serial < _AWS_SERIALS else f"{serial:040x}"


def parse_serial(text: str) -> int:
    """A serial as people type it: hex in either case, with or without colons or leading zeros."""
    digits = text.replace(":", "")
    if not _SERIAL_TEXT.match(digits):
        raise PrivySealError(
            ErrorCode.INVALID_REQUEST,
            "A serial number is written in hexadecimal digits, with or without colons between the bytes",
        )
    return int(digits, 16)


class AuthorityArn(Value, frozen=True):
    """`arn:PARTITION:acm-pca:REGION:ACCOUNT:certificate-authority/UUID`."""

    region: str
    account: str
    id: str

    def __str__(self) -> str:
        owner = f"{self.region}:{self.account}"
        return f"arn:{partition(self.region)}:acm-pca:{owner}:certificate-authority/{self.id}"

    @classmethod
    @lru_cache(maxsize=1024)  # every request names an authority, most of them the same one
    def parse(cls, text: str) -> "AuthorityArn":
        match = _AUTHORITY_ARN.match(text)
        if not match or match["partition"] != partition(match["region"]):
            raise PrivySealError(ErrorCode.INVALID_ARN, f"{text!r} is not the ARN of a certificate authority")
        return cls(match["region"], match["account"], match["id"])


class CertificateArn(Value, frozen=True):
    """The ARN of its authority, then `/certificate/` and the serial in 32 hex digits."""

    authority: AuthorityArn
    serial: int

    def __str__(self) -> str:
        return f"{self.authority}/certificate/{format_serial(self.serial)}"

    @classmethod
    def parse(cls, text: str) -> "CertificateArn":
        match = _CERTIFICATE_ARN.match(text)
        if not match or match["partition"] != partition(match["region"]):
            raise PrivySealError(ErrorCode.INVALID_ARN, f"{text!r} is not the ARN of a certificate")
        authority = AuthorityArn(match["region"], match["account"], match["id"])
        return cls(authority, int(match["serial"], 16))


class ManagedArn(Value, frozen=True):
    """`arn:PARTITION:acm:REGION:ACCOUNT:certificate/UUID`: it stays the same through renewals."""

    region: str
    account: str
    id: str

    def __str__(self) -> str:
        return f"arn:{partition(self.region)}:acm:{self.region}:{self.account}:certificate/{self.id}"

    @classmethod
    def parse(cls, text: str) -> "ManagedArn":
        match = _MANAGED_ARN.match(text)
        if not match or match["partition"] != partition(match["region"]):
            raise PrivySealError(
                ErrorCode.INVALID_ARN, f"{text!r} is not the ARN of a certificate of AWS Certificate Manager"
            )
        return cls(match["region"], match["account"], match["id"])
