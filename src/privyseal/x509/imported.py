"""A certificate and its key from elsewhere, checked as AWS Certificate Manager checks an import.

Source: AWS Certificate Manager user guide, "Prerequisites for importing ACM certificates" and
"Certificate and key format for importing"; API reference, ImportCertificate.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import pem
from privyseal.x509.certificate import MAX_CERTIFICATE, Certificate, read_certificate
from privyseal.x509.chain import LABEL, read_chain
from privyseal.x509.inspect import CertificateSummary, key_algorithm_of, summary_of
from privyseal.x509.keys import KeyRules, public_key_der, read_public_key
from privyseal.x509.private_keys import to_pkcs8
from privyseal.x509.refusal import RefusalError, reported

MAX_PRIVATE_KEY = 5120  # octets of PEM: "The private key must be no larger than 5 KB (5,120 bytes)"
KEY_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")  # PKCS #8, PKCS #1, SEC 1
_SEC1 = KEY_LABELS[2]
_PARAMETERS = "EC PARAMETERS"  # `openssl ecparam -genkey` writes the curve before the key, which names it too
_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")

# RSA of 1024 bits can be imported and never requested. The other rules for weak keys stand.
_RULES = KeyRules(rsa_bits=frozenset({1024, 2048, 3072, 4096}))
# The KeyAlgorithm enum of the acm service model.
KEY_ALGORITHMS = frozenset(
    {"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}
)

NOT_SELF_SIGNED = (  # AWS's words: clients match them
    "Provided certificate is not a valid self signed. Please provide either a valid self-signed "
    "certificate or certificate chain."
)


@dataclass(frozen=True, slots=True)
class ImportedPair:
    """A checked certificate with its key; `chain` is PEM, from the issuer up, None where none was given."""

    der: bytes
    chain: str | None
    pkcs8: bytes
    summary: CertificateSummary


def check_import(certificate: bytes, private_key: bytes, chain: bytes | None, now: datetime) -> ImportedPair:
    """What ImportCertificate was given, all of it PEM. Raises VALIDATION, which never quotes the key."""
    with reported(ErrorCode.VALIDATION, "The certificate cannot be imported"):
        own = _read_one(certificate)
        summary = _check_certificate(own, now)
    with reported(ErrorCode.VALIDATION, "The private key cannot be imported"):
        pkcs8 = _check_key(private_key, own)
    with reported(ErrorCode.VALIDATION, "The certificate chain cannot be imported"):
        above = read_chain(chain)
    _check_issuer(own, above)
    for each in above:
        _check_authority(each, now)
    return ImportedPair(own.der, "\n".join(pem.to_pem(each.der) for each in above) or None, pkcs8, summary)


def _read_one(data: bytes) -> Certificate:
    if len(data) > MAX_CERTIFICATE:
        raise RefusalError(f"it has {len(data)} octets; at most {MAX_CERTIFICATE} are accepted")
    if data.count(b"-----BEGIN ") > 1:
        raise RefusalError("this field takes exactly one certificate; the others belong into the chain")
    return read_certificate(pem.single_block(data, LABEL))


def _check_certificate(own: Certificate, now: datetime) -> CertificateSummary:
    if not own.issuer.rdns:
        raise RefusalError("its issuer is empty")
    if not own.not_before <= now <= own.not_after:
        raise RefusalError("it is not valid now")
    read_public_key(own.spki, _RULES)
    summary = summary_of(own)
    if summary.key_algorithm not in KEY_ALGORITHMS:
        raise RefusalError(
            f"its key is {summary.key_algorithm}; accepted are {', '.join(sorted(KEY_ALGORITHMS))}"
        )
    return summary


def _check_key(data: bytes, own: Certificate) -> bytes:
    """The key of that certificate as DER of PKCS #8."""
    if len(data) > MAX_PRIVATE_KEY:
        raise RefusalError(f"it has {len(data)} octets; at most {MAX_PRIVATE_KEY} are accepted")
    if any(mark in data for mark in _ENCRYPTED):
        raise RefusalError("it is encrypted; decrypt it first")
    label = next((each for each in KEY_LABELS if f"-----BEGIN {each}-----".encode() in data), KEY_LABELS[0])
    content = pem.single_block(pem.after_block(data, _PARAMETERS) if label == _SEC1 else data, label)
    try:
        key = load_der_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusalError("it is not a valid key of a kind that is accepted") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise RefusalError("it is neither RSA nor EC")
    if public_key_der(key.public_key()) != own.spki:
        raise RefusalError("it is not the key of the certificate")
    return to_pkcs8(key)


def _check_issuer(own: Certificate, above: tuple[Certificate, ...]) -> None:
    """Each certificate is signed by the next one, as far as the chain goes; without one, by itself."""
    if not above:
        if not (own.is_self_issued and _is_signed_by(own, own)):
            raise PrivySealError(ErrorCode.VALIDATION, NOT_SELF_SIGNED)
        return
    for issued, issuer in pairwise((own, *above)):
        if not _is_signed_by(issued, issuer):
            text = "Could not validate the certificate with the certificate chain: the certificate of "
            text += f"{issued.subject.text or 'an empty subject'} was not signed by the next one"
            raise PrivySealError(ErrorCode.VALIDATION, f"{text}, {issuer.subject.text}.")
    if _family(own) != _family(above[0]):
        families = f"{_family(own)} and that of its issuer {_family(above[0])}"
        text = f"The certificate's key is {families}: both must be of one family."
        raise PrivySealError(ErrorCode.VALIDATION, text)


def _check_authority(issuer: Certificate, now: datetime) -> None:
    """What each certificate of the chain must be: one that may sign others, and does so now."""
    if not issuer.is_ca or (issuer.usages is not None and "keyCertSign" not in issuer.usages):
        problem = "is not a CA certificate"
    elif not issuer.not_before <= now <= issuer.not_after:
        problem = "is not valid now"
    else:
        return
    text = f"Could not validate the certificate with the certificate chain: that of {issuer.subject.text}"
    raise PrivySealError(ErrorCode.VALIDATION, f"{text} {problem}.")


def _is_signed_by(issued: Certificate, issuer: Certificate) -> bool:
    try:
        issued.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _family(certificate: Certificate) -> str:
    return key_algorithm_of(certificate.spki).partition("_")[0]
