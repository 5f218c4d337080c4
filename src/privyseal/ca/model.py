"""The records of the CA domain: frozen values, as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from privyseal.ca.states import Status, status_at
from privyseal.caller import Caller
from privyseal.names import AuthorityArn
from privyseal.value import Value

ROOT = "ROOT"
SUBORDINATE = "SUBORDINATE"

# Who asks for the certificates of our own OCSP responders.
OCSP_RESPONDER = "privyseal:ocsp"

GENERAL_PURPOSE = "GENERAL_PURPOSE"
SHORT_LIVED_CERTIFICATE = "SHORT_LIVED_CERTIFICATE"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Where a private key is: `uri` names key store and key, and `wrapped` is the key itself.

    It is wrapped, and None where the key store keeps its keys itself.
    """

    uri: str
    wrapped: bytes | None

    @property
    def scheme(self) -> str:
        return self.uri.partition(":")[0]

    @property
    def is_elsewhere(self) -> bool:
        """Whether the key is outside this process, which then cannot know what becomes of a signature."""
        return self.wrapped is None


@dataclass(frozen=True, slots=True)
class Authority:
    """One certificate authority. `version` counts every change; commits compare it."""

    arn: AuthorityArn
    type: str
    status: Status
    key_algorithm: str
    signing_algorithm: str
    subject: Mapping[str, Any]  # the ASN1Subject of the request
    csr_extensions: Mapping[str, Any] | None
    revocation: Mapping[str, Any]
    usage_mode: str
    key_standard: str
    key: StoredKey
    public_key: bytes  # DER SubjectPublicKeyInfo
    csr: str  # PEM
    certificate: bytes | None  # DER
    chain: str | None  # PEM, issuer first, root last; None for a root
    serial: int | None  # of the authority's certificate, like the two times
    not_before: datetime | None
    not_after: datetime | None
    created_at: datetime
    changed_at: datetime
    failure_reason: str | None
    restorable_until: datetime | None
    status_before_deletion: Status | None
    token: str | None
    request_digest: bytes
    version: int

    def status_at(self, now: datetime) -> Status:
        return status_at(self.status, self.not_after, now)


class Certificate(Value, frozen=True):
    """One issued certificate: the row that makes the ARN of its authority and serial true."""

    authority_id: str
    serial: int
    der: bytes
    template: str
    subject: str  # RFC 4514
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    token: str | None
    request_digest: bytes  # of the request that brought the token; empty where it has none
    key_digest: bytes  # SHA-256 of the DER SubjectPublicKeyInfo
    crl_partition: str = ""  # of the CRL that it names; empty where it names none, or the complete one
    revoked_at: datetime | None = None
    revocation_reason: str | None = None
    invalidity_date: datetime | None = None  # since when its key is not to be trusted
    service_principal: str | None = None  # the service that asked for it, where it was one


@dataclass(frozen=True, slots=True)
class Tag:
    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Permission:
    """What a service principal may do with an authority on behalf of an account."""

    authority_id: str
    principal: str  # acm.amazonaws.com
    source_account: str  # 12 digits
    actions: tuple[str, ...]  # names of acm-pca operations
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorityExpiry:
    """When there is something to say about the end of an authority's certificate, see `ca.expiry`."""

    authority_id: str
    not_after: datetime
    due_at: datetime | None  # None: all has been said
    stage: int | None  # days before the end of what was said last


class ReportStatus(StrEnum):
    """AuditReportStatus of the service model."""

    CREATING = "CREATING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """One report on an authority's certificates, and the lease of the process that writes it."""

    id: str
    authority_id: str
    bucket: str
    key: str
    format: str  # JSON or CSV
    status: ReportStatus
    caller: Caller  # who asked for it
    created_at: datetime
    leased_until: datetime  # until then, nobody else writes it
    attempts: int  # how often it was begun; a writer that is not the last one cannot finish it
