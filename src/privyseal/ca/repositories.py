"""All repositories of the CA domain, as `wiring/` puts them together."""

from collections.abc import Sequence
from dataclasses import dataclass

from privyseal.ca.ports import (
    AuditReports,
    Authorities,
    AuthorityExpiries,
    Certificates,
    PendingRequests,
    Permissions,
    Policies,
    Tags,
)
from privyseal.ca.revocation.ocsp_ports import OcspAnswers, OcspResponders
from privyseal.ca.revocation.ports import (
    Bearers,
    CrlEntries,
    Crls,
    MassRevocations,
    Partitions,
    Revocations,
)


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
    bearers: Sequence[Bearers]
    partitions: Partitions
    crls: Crls
    crl_entries: CrlEntries
    ocsp_responders: OcspResponders
    ocsp_answers: OcspAnswers
    mass_revocations: MassRevocations
    expiries: AuthorityExpiries
