"""The sections about what is kept and where: buckets, quotas, the audit trail, CRLs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class PublisherSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[publisher]`: where the buckets are that calls name."""

    type: Literal["directory", "s3"] = "directory"  # below the data directory, or in Amazon S3
    endpoint_url: str = ""  # of another server that speaks S3; these three are for `s3`
    region: str = ""
    profile: str = ""


class AwsKmsSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[aws-kms]`: where the keys are of authorities that were taken over with theirs in AWS KMS."""

    region: str = ""
    endpoint_url: str = ""  # of another server that speaks KMS
    profile: str = ""


class QuotaSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[quotas]`: nothing is limited that is not named here."""

    certificates_per_authority: Annotated[int, Meta(ge=1)] | None = None  # AWS: 1000000
    # operation of acm-pca → requests a second in each worker process; AWS: IssueCertificate 25
    requests_per_second: dict[str, Annotated[float, Meta(gt=0, le=1_000_000)]] = {}
    # the same of AWS Certificate Manager; AWS: RequestCertificate 5
    acm_requests_per_second: dict[str, Annotated[float, Meta(gt=0, le=1_000_000)]] = {}
    # these three of AWS Certificate Manager too: imports of an account, its imports within 365 days, and
    # the domain names of a request
    imported_certificates: Annotated[int, Meta(ge=1)] | None = None  # AWS: 2500
    imports_per_year: Annotated[int, Meta(ge=1)] | None = None  # AWS: 5000
    names_per_certificate: Annotated[int, Meta(ge=1, le=100)] = 100  # AWS: 10, and up to 100 on request


class AuditSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[audit]`: checkpoints of the audit trail, and where they are kept outside the database."""

    interval_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0  # between checkpoints
    sink: Literal["directory", "s3"] = "directory"
    directory: str = ""  # with `directory`: the folder; `audit` in the data directory where empty
    bucket: str = ""  # these five are for `s3`
    prefix: str = ""
    endpoint_url: str = ""
    region: str = ""
    profile: str = ""


class CrlSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[crl]`: certificate revocation lists."""

    partition_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 100_000  # certificates of one partition
    delta: bool = False  # delta CRLs beside the complete ones, which name them
