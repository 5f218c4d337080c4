"""The records of managed certificates: frozen values, as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from privyseal.managed.states import Kind, RenewalStatus, Status
from privyseal.names import ManagedArn


@dataclass(frozen=True, slots=True)
class Material:
    """A certificate with its private key. They come and go together."""

    der: bytes
    chain: str | None  # PEM, from the issuer to the root; None where there is none (a self-signed import)
    key_wrapped: bytes  # PKCS #8, wrapped: see `keys.py`
    serial: int
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is being issued: it is stored before anybody signs, so that who goes on after a crash goes on
    with the same key and the same serial number, under which there is one certificate at most.
    """

    serial: int
    key_wrapped: bytes
    csr: str  # PEM


@dataclass(frozen=True, slots=True)
class Renewal:
    """RenewalSummary of the service model."""

    status: RenewalStatus
    reason: str | None  # a FailureReason, where the last attempt has failed
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    at: datetime
    reason: str  # a RevocationReason of the acm service model


@dataclass(frozen=True, slots=True)
class ManagedCertificate:
    """One certificate that is kept fresh. `version` counts every change; commits compare it."""

    arn: ManagedArn
    kind: Kind
    status: Status
    domain: str  # the common name; the subject of an import may have none: ""
    names: tuple[str, ...]  # the DNS names of the certificate, `domain` first
    key_algorithm: str  # KeyAlgorithm of the acm service model
    authority_arn: str | None  # who issues it; None for an import
    options: Mapping[str, str]  # CertificateOptions, as given
    created_at: datetime
    issued_at: datetime | None = None  # of what `material` is now
    imported_at: datetime | None = None
    material: Material | None = None  # None until it is issued
    failure_reason: str | None = None  # a FailureReason of the service model
    exported_at: datetime | None = None  # the newest export of `material`; None again after a renewal
    first_exported_at: datetime | None = None  # of any material that it has had
    in_use_by: tuple[str, ...] = ()  # ARNs
    renewal: Renewal | None = None
    revoked: Revoked | None = None
    token: str | None = None  # idempotency token of the request, while it counts
    request_digest: bytes = b""
    attempt: Attempt | None = None  # under way, or to be gone on with
    attempt_at: datetime | None = None  # when to issue or renew it, or to go on with that; None: never
    failures: int = 0  # attempts that have failed since the last success
    notice_at: datetime | None = None  # when to say that it expires soon; None: never
    noticed_days: int | None = None  # how many days before the expiry of `material` that was said last
    version: int = 1

    @property
    def not_after(self) -> datetime | None:
        return self.material.not_after if self.material else None


@dataclass(frozen=True, slots=True)
class IssuedSerial:
    """One of the certificates that an ARN has had: revoking the ARN revokes all of them."""

    id: str  # of the managed certificate
    authority_arn: str
    serial: int
    not_after: datetime


@dataclass(frozen=True, slots=True)
class AccountConfiguration:
    """What PutAccountConfiguration has set for an account in a region."""

    account: str
    region: str
    days_before_expiry: int
    token: str
    put_at: datetime
    applied: bool = False  # whether all certificates follow it
    applied_to: tuple[datetime, str] | None = None  # else: (created_at, id) of the last one that does
