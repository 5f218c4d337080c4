"""Certificates that an authority has issued elsewhere: whose they are is what their signature says."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from privyseal.x509 import pem
from privyseal.x509.certificate import Certificate, read_certificate
from privyseal.x509.refusal import RefusalError

LABEL = "CERTIFICATE"


def read_issued(data: bytes, issuer: Certificate) -> Certificate:
    """The one certificate in PEM, if that issuer has signed it. Raises RefusalError."""
    found = read_certificate(pem.single_block(data, LABEL))
    try:
        found.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise RefusalError(f"it was not issued by {issuer.subject.text}") from error
    return found
