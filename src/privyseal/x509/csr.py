"""The one CSR parser (PKCS #10, RFC 2986): strict, bounded, with proof of possession.

In this order, cheapest first: size → PEM → DER → shape → key rules → proof of possession → names →
extension request. Whoever holds a `Csr` holds a checked one. Whoever has many of them takes the proofs,
which are dearer than all the rest, in a row: `claim_pem`, then `prove`, then `complete`, each for all.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.errors import ErrorCode
from privyseal.value import Value
from privyseal.x509 import der, oids, pem
from privyseal.x509.algorithms import ECDSA, SIGNING_ALGORITHMS
from privyseal.x509.der import Element
from privyseal.x509.extensions import Extension, read_extension
from privyseal.x509.general_names import DNS, GeneralName, read_general_names
from privyseal.x509.keys import KEY_RULES, KeyRules, PublicKey, read_public_key
from privyseal.x509.refusal import RefusalError, reported
from privyseal.x509.subject import Name, read_name

MAX_CSR = 32_768  # octets as they arrive: CsrBlob of the acm-pca service model
MAX_ATTRIBUTES = 32
MAX_EXTENSIONS = 64
LABEL = "CERTIFICATE REQUEST"  # AWS takes no other, NEW CERTIFICATE REQUEST neither

# Signature algorithms that prove possession. SHA-1 and older are not among them.
_PROOFS = frozenset(
    {
        "1.2.840.113549.1.1.10",  # RSASSA-PSS, RFC 4055
        "1.2.840.113549.1.1.11",  # sha256, sha384, sha512WithRSAEncryption
        "1.2.840.113549.1.1.12",
        "1.2.840.113549.1.1.13",
        "1.2.840.10045.4.3.2",  # ecdsa-with-SHA256, -SHA384, -SHA512
        "1.2.840.10045.4.3.3",
        "1.2.840.10045.4.3.4",
        "1.3.101.112",  # Ed25519, RFC 8410
        "2.16.840.1.101.3.4.3.17",  # ML-DSA, RFC 9881
        "2.16.840.1.101.3.4.3.18",
        "2.16.840.1.101.3.4.3.19",
    }
)
# AlgorithmIdentifier (RFC 5758 §3.2: without parameters) → how an EC key verifies with it.
_ECDSA = {
    row.identifier: row.scheme
    for row in SIGNING_ALGORITHMS.values()
    if row.family == ECDSA and isinstance(row.scheme, ec.ECDSA)
}
_PSS = "1.2.840.113549.1.1.10"
_PSS_HASHES = frozenset({"sha256", "sha384", "sha512"})
_REQUEST_TYPES = frozenset({oids.EXTENSION_REQUEST, oids.MICROSOFT_EXTENSION_REQUEST})
_REFUSED = "The certificate signing request cannot be used"


class Csr(Value, frozen=True):
    """A checked certificate signing request. Its owner has proved to hold the private key."""

    der: bytes
    subject: Name
    spki: bytes  # DER SubjectPublicKeyInfo
    key: PublicKey
    key_algorithm: str  # a KeyAlgorithm of the service model, or Ed25519
    names: tuple[GeneralName, ...]  # subject alternative names, in order
    extensions: tuple[Extension, ...]  # all that were asked for, subject alternative names too

    @property
    def common_names(self) -> tuple[str, ...]:
        return self.subject.values(oids.COMMON_NAME)

    @property
    def dns_names(self) -> tuple[str, ...]:
        return tuple(name.text for name in self.names if name.kind == DNS)

    def extension(self, oid: str) -> Extension | None:
        return next((extension for extension in self.extensions if extension.oid == oid), None)


class Claim(Value, frozen=True):
    """A CSR of the right shape with a key that the rules accept. Nobody has proved to hold that key."""

    der: bytes
    fields: list[Element]  # what is signed, the signature's algorithm, the signature
    info: list[Element]  # version, subject, key and attributes
    signature_algorithm: str
    key: PublicKey
    key_algorithm: str


class Proved(Value, frozen=True):
    """A claim whose proof has been verified."""

    claim: Claim


def parse_pem(data: bytes, rules: KeyRules = KEY_RULES) -> Csr:
    """The CSR in exactly one PEM block, at most 32,768 octets. Raises MALFORMED_CSR."""
    return complete(prove(claim_pem(data, rules)))


def parse_der(data: bytes, rules: KeyRules = KEY_RULES) -> Csr:
    """The CSR as bare DER, for contracts that say so. Raises MALFORMED_CSR."""
    with reported(ErrorCode.MALFORMED_CSR, _REFUSED):
        _check_size(data)
        claim = _claim(data, rules)
    return complete(prove(claim))


def claim_pem(data: bytes, rules: KeyRules = KEY_RULES) -> Claim:
    """The first third of `parse_pem`, up to the key rules. Raises MALFORMED_CSR."""
    with reported(ErrorCode.MALFORMED_CSR, _REFUSED):
        _check_size(data)
        return _claim(pem.single_block(data, LABEL), rules)


def prove(claim: Claim) -> Proved:
    """The second third: the CSR is signed with the key that is in it. Raises MALFORMED_CSR."""
    with reported(ErrorCode.MALFORMED_CSR, _REFUSED):
        _check_proof(claim)
        return Proved(claim)


def complete(proved: Proved) -> Csr:
    """The last third: names and extension request. Raises MALFORMED_CSR."""
    with reported(ErrorCode.MALFORMED_CSR, _REFUSED):
        return _csr(proved)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_CSR:
        raise RefusalError(f"it has {len(data)} octets; at most {MAX_CSR} are accepted")


def _claim(data: bytes, rules: KeyRules) -> Claim:
    fields = _fields(data)
    info = _info(fields[0])
    algorithm = _signature_algorithm(fields[1].raw)
    key_algorithm, key = read_public_key(info[2].raw, rules)
    return Claim(data, fields, info, algorithm, key, key_algorithm)


def _csr(proved: Proved) -> Csr:
    claim = proved.claim
    info = claim.info
    subject = read_name(info[1].raw)
    extensions = _requested(info[3].children() if len(info) == 4 else ())
    alternative = next((e for e in extensions if e.oid == oids.SUBJECT_ALTERNATIVE_NAME), None)
    names = read_general_names(alternative.value) if alternative else ()
    if not subject.rdns and not names:
        raise RefusalError("it has neither a subject nor a subject alternative name")
    return Csr(claim.der, subject, info[2].raw, claim.key, claim.key_algorithm, names, extensions)


def _fields(data: bytes) -> list[Element]:
    """What is signed, the signature's algorithm, the signature."""
    fields = der.inside(data)
    if len(fields) != 3:
        raise RefusalError("it is not a CertificationRequest")
    return fields


def _info(element: Element) -> list[Element]:
    """Version, subject, key and attributes."""
    info = element.inside(der.SEQUENCE)
    # Some tools leave out an empty list of attributes, against RFC 2986 §4.1 and to no harm.
    if len(info) not in {3, 4} or (len(info) == 4 and info[3].tag != 0xA0):
        raise RefusalError("it is not a CertificationRequest")
    if der.read_integer(info[0]) != 0:
        raise RefusalError("its version is not 0")
    return info


@lru_cache(maxsize=32)  # nearly all CSRs share a few
def _signature_algorithm(identifier: bytes) -> str:
    algorithm = der.inside(identifier)
    if not algorithm:
        raise RefusalError("its signature algorithm is missing")
    return der.read_oid(algorithm[0])


def _check_proof(claim: Claim) -> None:
    algorithm = claim.signature_algorithm
    if algorithm not in _PROOFS:
        raise RefusalError(
            f"its signature algorithm {algorithm} is not accepted: sign it with SHA-256 or better"
        )
    try:
        request = x509.load_der_x509_csr(claim.der)
        if algorithm == _PSS:
            _check_pss(request)
        valid = _verifies(request, claim)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RefusalError("it is not well-formed DER of a CertificationRequest") from error
    if not valid:
        raise RefusalError("its signature is not that of the key it contains")


def _verifies(request: x509.CertificateSigningRequest, claim: Claim) -> bool:
    """What `is_signature_valid` says, which for an EC key takes a third longer: it reads the key again."""
    info, identifier, signature = claim.fields
    scheme = _ECDSA.get(identifier.raw)
    if scheme is None or not isinstance(claim.key, ec.EllipticCurvePublicKey):
        return request.is_signature_valid
    try:
        claim.key.verify(der.read_bit_string(signature), info.raw, scheme)
    except InvalidSignature:
        return False
    return True


def _check_pss(request: x509.CertificateSigningRequest) -> None:
    digest = request.signature_hash_algorithm
    if digest is None or digest.name not in _PSS_HASHES:
        raise RefusalError("its RSASSA-PSS signature does not use SHA-256 or better")


def _requested(attributes: Sequence[Element]) -> tuple[Extension, ...]:
    """The extensions of the one extension request; other attributes are not looked into."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise RefusalError(f"it has more than {MAX_ATTRIBUTES} attributes")
    requests = [values for kind, values in map(_attribute, attributes) if kind in _REQUEST_TYPES]
    if not requests:
        return ()
    if len(requests) > 1 or len(requests[0]) != 1:
        raise RefusalError("it does not have exactly one extension request")
    found = tuple(_extensions(requests[0][0]))
    if len({extension.oid for extension in found}) != len(found):
        raise RefusalError("it asks for an extension twice")
    return found


def _attribute(element: Element) -> tuple[str, list[Element]]:
    fields = element.inside(der.SEQUENCE)
    if len(fields) != 2:
        raise RefusalError("an attribute is not a type and values")
    return der.read_oid(fields[0]), fields[1].inside(der.SET)


def _extensions(request: Element) -> Iterator[Extension]:
    elements = request.inside(der.SEQUENCE)
    if len(elements) > MAX_EXTENSIONS:
        raise RefusalError(f"it asks for more than {MAX_EXTENSIONS} extensions")
    return map(read_extension, elements)
