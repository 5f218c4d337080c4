"""The repositories of the CA domain on SQL, together."""

from privyseal.ca.repositories import Repositories
from privyseal.stores.repositories.audit_reports import SqlAuditReports
from privyseal.stores.repositories.authorities import SqlAuthorities
from privyseal.stores.repositories.authority_expiries import SqlAuthorityExpiries
from privyseal.stores.repositories.certificates import SqlCertificates
from privyseal.stores.repositories.crl_entries import SqlCrlEntries
from privyseal.stores.repositories.crls import SqlCrls
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.managed import SqlIssuedSerials
from privyseal.stores.repositories.mass_revocations import SqlMassRevocations
from privyseal.stores.repositories.ocsp_answers import SqlOcspAnswers
from privyseal.stores.repositories.ocsp_responders import SqlOcspResponders
from privyseal.stores.repositories.partitions import SqlPartitions
from privyseal.stores.repositories.pending_requests import SqlPendingRequests
from privyseal.stores.repositories.permissions import SqlPermissions
from privyseal.stores.repositories.policies import SqlPolicies
from privyseal.stores.repositories.revocations import SqlRevocations
from privyseal.stores.repositories.tags import SqlTags

REPOSITORIES = Repositories(
    authorities=SqlAuthorities(),
    certificates=SqlCertificates(),
    tags=SqlTags(),
    permissions=SqlPermissions(),
    policies=SqlPolicies(),
    audit_reports=SqlAuditReports(),
    pending_requests=SqlPendingRequests(),
    revocations=SqlRevocations(),
    bearers=(SqlIdentities(), SqlIssuedSerials()),
    partitions=SqlPartitions(),
    crls=SqlCrls(),
    crl_entries=SqlCrlEntries(),
    ocsp_responders=SqlOcspResponders(),
    ocsp_answers=SqlOcspAnswers(),
    mass_revocations=SqlMassRevocations(),
    expiries=SqlAuthorityExpiries(),
)
