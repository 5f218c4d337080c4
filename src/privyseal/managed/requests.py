"""What is asked of an authority for a managed certificate: its CSR, and whether its names are allowed."""

from privyseal.managed.model import ManagedCertificate
from privyseal.x509 import model_names, oids
from privyseal.x509.algorithms import PrivateKey, default_signing_algorithm, signing_algorithm
from privyseal.x509.build import Issuer
from privyseal.x509.extensions import Extension
from privyseal.x509.name_constraints import broken_constraint
from privyseal.x509.requests import build_csr
from privyseal.x509.subject import Name, name_from_asn1_subject


def build_request(certificate: ManagedCertificate, key: PrivateKey) -> str:
    """A CSR (PEM) with the domain as its common name and all names as alternative names."""
    algorithm = signing_algorithm(default_signing_algorithm(certificate.key_algorithm))
    return build_csr(_subject(certificate), key, algorithm, (_alternatives(certificate),))


def names_are_forbidden(certificate: ManagedCertificate, issuer: Issuer) -> bool:
    """Whether name constraints of the authorities above do not allow these names."""
    if not issuer.constraints:
        return False
    return (
        broken_constraint(issuer.constraints, _subject(certificate), _alternatives(certificate)) is not None
    )


def _subject(certificate: ManagedCertificate) -> Name:
    return name_from_asn1_subject({"CommonName": certificate.domain})


def _alternatives(certificate: ManagedCertificate) -> Extension:
    names = model_names.general_names([{"DnsName": name} for name in certificate.names])
    return Extension(oids.SUBJECT_ALTERNATIVE_NAME, False, names)
