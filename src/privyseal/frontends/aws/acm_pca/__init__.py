"""AWS Private CA: names and values in, names and values out.

Each operation is a thin translation; what it means is in `privyseal.ca`. One file per subject, each
with its handlers by the names of the service model.
"""

from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.acm_pca.access_levels import changes
from privyseal.frontends.aws.acm_pca.audit_reports import AuditReports
from privyseal.frontends.aws.acm_pca.authorities import Authorities
from privyseal.frontends.aws.acm_pca.authority_certificates import AuthorityCertificates
from privyseal.frontends.aws.acm_pca.certificates import Certificates
from privyseal.frontends.aws.acm_pca.permissions import Permissions
from privyseal.frontends.aws.acm_pca.policies import Policies
from privyseal.frontends.aws.acm_pca.tags import Tags
from privyseal.frontends.aws.calling import Pool
from privyseal.frontends.aws.model import Operation, Service

SUBJECTS = (Authorities, AuthorityCertificates, Certificates, Tags, Permissions, Policies, AuditReports)


def service(authorities: CertificateAuthorities, pool: Pool) -> Service:
    """acm-pca as a table of operations, for the dispatcher."""
    operations = {
        name: Operation(name, shapes.OPERATIONS[name].request, handler, changes=changes(name))
        for subject in SUBJECTS
        for name, handler in subject(authorities, pool).handlers().items()
    }
    return Service(name="acm-pca", signing_name="acm-pca", target="ACMPrivateCA", operations=operations)
