"""The checks that AWS makes before an authority gets its certificate, and nothing less.

Source: AWS Private CA user guide, "Installing the CA certificate"; RFC 5280 §6.1 for the chain. In
this order: PEM → the certificate itself → whose key it has → its own signer or its chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import oids, pem
from privyseal.x509.certificate import MAX_CERTIFICATE, Certificate, read_certificate
from privyseal.x509.keys import read_public_key
from privyseal.x509.name_constraints import NameConstraints, read_name_constraints
from privyseal.x509.refusal import RefusalError, reported

ROOT = "ROOT"  # CertificateAuthorityType of the service model; the other is SUBORDINATE
MAX_CHAIN = 2 * 1024 * 1024  # octets: CertificateChainBlob
MAX_LENGTH = 10  # certificates in a chain; AWS says no number, browsers stop here or earlier
LABEL = "CERTIFICATE"
_WEAK = frozenset({"md5", "sha1", "sha224"})

# The extensions that may be critical in an imported CA certificate (user guide, same page).
MAY_BE_CRITICAL = frozenset(
    {
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.BASIC_CONSTRAINTS,
        oids.CERTIFICATE_POLICIES,
        oids.EXTENDED_KEY_USAGE,
        oids.INHIBIT_ANY_POLICY,
        oids.ISSUER_ALTERNATIVE_NAME,
        oids.KEY_USAGE,
        oids.NAME_CONSTRAINTS,
        oids.POLICY_MAPPINGS,
        oids.SUBJECT_ALTERNATIVE_NAME,
        oids.SUBJECT_DIRECTORY_ATTRIBUTES,
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.SUBJECT_INFORMATION_ACCESS,
    }
)


@dataclass(frozen=True, slots=True)
class CaCertificate:
    """A checked CA certificate; `chain_ders` from its issuer to the root, empty for a root."""

    der: bytes
    chain_ders: tuple[bytes, ...]
    serial: int
    not_before: datetime
    not_after: datetime


def check_ca_certificate(
    certificate: bytes, chain: bytes | None, *, spki: bytes, authority_type: str, now: datetime
) -> CaCertificate:
    """The certificate (PEM) of the authority with that key, and its chain (PEM), if AWS would take them.

    Raises MALFORMED_CERTIFICATE for bad PEM, DER or fields, CERTIFICATE_MISMATCH for a certificate
    that does not fit its key, its signer or its chain, INVALID_REQUEST for a chain that is missing
    or not wanted.
    """
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The certificate cannot be used"):
        own = _read_one(certificate)
        _check_authority(own)
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The certificate chain cannot be used"):
        above = read_chain(chain)
        for each in above:
            _check_authority(each)
        name_constraints((own, *above))  # those that cannot be read cannot be kept
    if own.spki != spki:
        raise _mismatch("The certificate is for another key than the one in the authority's CSR")
    _check_kind(own, above, authority_type)
    path = (own, *above)
    _check_dates(path, now)
    _check_signatures(path)
    _check_path_lengths(own, above)
    return CaCertificate(
        own.der, tuple(each.der for each in above), own.serial, own.not_before, own.not_after
    )


def _read_one(data: bytes) -> Certificate:
    if len(data) > MAX_CERTIFICATE:
        raise RefusalError(f"it has {len(data)} octets; at most {MAX_CERTIFICATE} are accepted")
    return read_certificate(pem.single_block(data, LABEL))


def read_chain(chain: bytes | str | None) -> tuple[Certificate, ...]:
    """The certificates of a PEM chain, in order; none for None. Raises RefusalError."""
    if not chain:
        return ()
    data = chain.encode() if isinstance(chain, str) else chain
    if len(data) > MAX_CHAIN:
        raise RefusalError(f"it has {len(data)} octets; at most {MAX_CHAIN} are accepted")
    found = pem.blocks(data, LABEL, MAX_LENGTH)
    if not found:
        raise RefusalError(f"there is no line -----BEGIN {LABEL}-----")
    return tuple(map(read_certificate, found))


def _check_authority(certificate: Certificate) -> None:
    """What every certificate that signs others must be."""
    constraints = certificate.extensions.get(oids.BASIC_CONSTRAINTS)
    if constraints is None or not constraints.critical or not certificate.is_ca:
        raise RefusalError("a CA certificate has critical basic constraints with CA true")
    if not certificate.subject.rdns:
        raise RefusalError("a CA certificate has a subject")
    if certificate.usages is not None and "keyCertSign" not in certificate.usages:
        raise RefusalError("the key usage of a CA certificate contains keyCertSign")
    for extension in certificate.extensions.values():
        if extension.critical and extension.oid not in MAY_BE_CRITICAL:
            raise RefusalError(f"the extension {extension.oid} must not be critical")
    read_public_key(certificate.spki)


def _check_kind(own: Certificate, above: tuple[Certificate, ...], authority_type: str) -> None:
    if authority_type == ROOT:
        if not own.is_self_issued:
            raise _mismatch("The certificate of a root authority is signed by itself; this one is not")
        if above:
            raise PrivySealError(
                ErrorCode.INVALID_REQUEST, "A root authority has no certificate chain: leave it out."
            )
        return
    if own.is_self_issued:
        raise _mismatch("The certificate of a subordinate authority is signed by its parent, not by itself")
    if not above:
        raise PrivySealError(
            ErrorCode.INVALID_REQUEST,
            "A subordinate authority needs its certificate chain, from its parent to the root.",
        )
    if not above[-1].is_self_issued:
        raise _mismatch("The certificate chain does not end with a root")


def _check_dates(path: tuple[Certificate, ...], now: datetime) -> None:
    for each in path:
        if not each.not_before <= now <= each.not_after:
            raise _mismatch(f"The certificate of {each.subject.text} is not valid now")
    for issued, issuer in pairwise(path):
        if issued.not_after > issuer.not_after:
            raise _mismatch(
                f"The certificate of {issued.subject.text} ends after its issuer's, {issuer.subject.text}"
            )


def _check_signatures(path: tuple[Certificate, ...]) -> None:
    for issued, issuer in pairwise((*path, path[-1])):  # the last one is a root and signs itself
        problem = _mismatch(
            f"The certificate of {issued.subject.text} was not signed by {issuer.subject.text},"
            " or not with SHA-256 or better"
        )
        if _is_weak(issued):
            raise problem
        try:
            issued.parsed.verify_directly_issued_by(issuer.parsed)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
            raise problem from error


def _is_weak(issued: Certificate) -> bool:
    try:
        digest = issued.parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return True
    return digest is not None and digest.name in _WEAK


def effective_path_length(own: Certificate, above: Sequence[Certificate]) -> int | None:
    """How many authorities may stand below `own`, by its own word and by those above it; None: any.

    Negative where `own` itself is one too many. Self-issued certificates do not count (RFC 5280
    §4.2.1.9).
    """
    path = (own, *above)
    limits = [
        each.path_length - sum(not lower.is_self_issued for lower in path[:depth])
        for depth, each in enumerate(path)
        if each.path_length is not None
    ]
    return min(limits, default=None)


def name_constraints(path: Sequence[Certificate]) -> tuple[NameConstraints, ...]:
    """What the certificates of a path say about the names below them."""
    found = [each.extensions.get(oids.NAME_CONSTRAINTS) for each in path]
    return tuple(read_name_constraints(each.value) for each in found if each is not None)


def _check_path_lengths(own: Certificate, above: Sequence[Certificate]) -> None:
    for depth in range(len(above) + 1):
        left = effective_path_length((own, *above)[depth], above[depth:])
        if left is not None and left < 0:
            raise _mismatch("The certificate stands deeper than a path length in its chain allows")


def _mismatch(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.CERTIFICATE_MISMATCH, f"{message}.")
