"""AWS Certificate Manager: names and values in, names and values out.

Each operation is a thin translation; what it means is in `privyseal.managed`. One file per subject, each
with its handlers by the names of the service model.
"""

from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm import acme
from privyseal.frontends.aws.acm.access_levels import LEVELS
from privyseal.frontends.aws.acm.accounts import Accounts
from privyseal.frontends.aws.acm.certificates import Certificates
from privyseal.frontends.aws.acm.errors import ACM
from privyseal.frontends.aws.acm.listing import Listing
from privyseal.frontends.aws.acm.requests import Requests
from privyseal.frontends.aws.acm.searching import Searching
from privyseal.frontends.aws.acm.tags import Tags
from privyseal.frontends.aws.acm.validations import Validations
from privyseal.frontends.aws.calling import Pool
from privyseal.frontends.aws.model import Operation, Service
from privyseal.managed.service import Managed

SUBJECTS = (Requests, Certificates, Listing, Searching, Tags, Validations, Accounts)


def service(managed: Managed, pool: Pool) -> Service:
    """Acm as a table of operations, for the dispatcher."""
    operations = {
        name: Operation(name, shapes.OPERATIONS[name].request, handler, changes=LEVELS[name].changes)
        for subject in SUBJECTS
        for name, handler in subject(managed, pool).handlers().items()
    }
    return Service("acm", "acm", "CertificateManager", {**operations, **acme.operations()}, ACM)
