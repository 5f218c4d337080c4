"""The client library: keys and CSRs, certificates from a running service, and a look at them.

from privyseal.client import find_environment, generate_csr, issue_certificate, wait_for_certificate

environment = find_environment()
api, authority = environment.client(), environment.issuing_ca_arn
csr, key = generate_csr("app.internal", ["app.internal"])
arn = issue_certificate(api, certificate_authority_arn=authority, csr=csr, validity_days=90)
issued = wait_for_certificate(api, authority, arn)
"""

from privyseal.client.api import Caller, PrivySealClient
from privyseal.client.ceremony import (
    AuthoritySummary,
    UnfinishedAuthorityError,
    activate_authority,
    create_authority,
    template_arn,
)
from privyseal.client.certificates import (
    IssuedCertificate,
    inspect_certificate,
    issue_certificate,
    wait_for_certificate,
)
from privyseal.client.connection import Environment, default_data_dir, find_environment, read_environment
from privyseal.client.csr import generate_csr, key_pem
from privyseal.client.errors import ApiError, ClientError, NoServiceError, UnreachableError

__all__ = [
    "ApiError",
    "AuthoritySummary",
    "Caller",
    "ClientError",
    "Environment",
    "IssuedCertificate",
    "NoServiceError",
    "PrivySealClient",
    "UnfinishedAuthorityError",
    "UnreachableError",
    "activate_authority",
    "create_authority",
    "default_data_dir",
    "find_environment",
    "generate_csr",
    "inspect_certificate",
    "issue_certificate",
    "key_pem",
    "read_environment",
    "template_arn",
    "wait_for_certificate",
]
