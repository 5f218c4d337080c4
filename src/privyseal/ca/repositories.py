"""All repositories of the CA domain, as `wiring.py` puts them together."""

from dataclasses import dataclass

from privyseal.ca.ports import (
    AuditReports,
    Authorities,
    Certificates,
    PendingRequests,
    Permissions,
    Policies,
    Tags,
)
from privyseal.ca.revocation.ports import Partitions, Revocations


@dataclass(frozen=True, slots=True)
class Repositories:
    authorities: Authorities
    certificates: Certificates
    tags: Tags
    permissions: Permissions
    policies: Policies
    audit_reports: AuditReports
    pending_requests: PendingRequests
    revocations: Revocations
    partitions: Partitions
