"""The to-be-signed certificate (RFC 5280 §4.1), put together from checked bytes, then signed.

Only a `ToBeSigned` reaches a key, and `encode` gives exactly what is signed: the same values always
give the same octets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from privyseal.errors import ErrorCode
from privyseal.value import Value
from privyseal.x509 import der, extensions, oids
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm
from privyseal.x509.certificate import read_certificate
from privyseal.x509.chain import effective_path_length, name_constraints, read_chain
from privyseal.x509.csr import Csr
from privyseal.x509.extensions import Extension
from privyseal.x509.keys import key_identifier
from privyseal.x509.name_constraints import NameConstraints
from privyseal.x509.passthrough import NOTHING, Passthrough
from privyseal.x509.profiles import ROOT, Profile
from privyseal.x509.refusal import RefusalError, reported
from privyseal.x509.subject import Name

_VERSION_3 = der.tlv(0xA0, der.integer(2))


@dataclass(frozen=True, slots=True)
class Issuer:
    """What a certificate says about who signs it, and what that issuer may sign.

    `key_id` goes into the authority key identifier; without one there is no such extension.
    """

    subject: Name
    key_id: bytes | None
    not_after: datetime | None
    path_length: int | None
    constraints: tuple[NameConstraints, ...] = ()  # on the names below it, its own and those above it


class ToBeSigned(Value, frozen=True):
    profile: Profile
    issuer: Issuer
    serial: int
    not_before: datetime
    not_after: datetime
    subject: Name
    spki: bytes
    extensions: tuple[Extension, ...]

    @property
    def subject_text(self) -> str:
        """The subject as RFC 4514 writes it."""
        return self.subject.text

    def encode(self, algorithm: SigningAlgorithm) -> bytes:
        """DER TBSCertificate."""
        return der.sequence(
            _VERSION_3,
            der.integer(self.serial),
            algorithm.identifier,
            self.issuer.subject.raw,
            _validity(self.not_before, self.not_after),
            self.subject.raw,
            self.spki,
            der.tlv(0xA3, der.sequence(*[_encoded(each) for each in self.extensions])),
        )

    def sign(self, key: PrivateKey, algorithm: SigningAlgorithm) -> bytes:
        """DER Certificate. Raises INVALID_ARGUMENT when the algorithm is not one of the key's."""
        tbs = self.encode(algorithm)
        return der.sequence(tbs, algorithm.identifier, der.bit_string(algorithm.sign(key, tbs)))


@lru_cache(maxsize=64)  # the same for many certificates of one second
def _validity(not_before: datetime, not_after: datetime) -> bytes:
    return der.sequence(der.time(not_before), der.time(not_after))


@lru_cache(maxsize=256)
def _encoded(extension: Extension) -> bytes:
    """A profile's own extensions and an issuer's AKI are the same each time."""
    return extension.encode()


def build(
    profile: Profile,
    csr: Csr,
    issuer: Issuer,
    api: Passthrough = NOTHING,
    configured: Sequence[Extension] = (),
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> ToBeSigned:
    """What the profile makes of the CSR and of what the call passes through.

    `api` is for profiles that take it: the caller leaves it out for all others. `configured` is what the
    authority's own settings put into certificates: where to ask whether they are revoked.
    """
    subject = api.subject or csr.subject
    added = [extensions.subject_key_identifier(key_identifier(csr.spki))]
    if issuer.key_id is not None:
        added.append(extensions.authority_key_identifier(issuer.key_id))
    added.extend(_passed(profile, csr, api, configured, named=bool(subject.rdns)))
    return ToBeSigned(
        profile=profile,
        issuer=issuer,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        subject=subject,
        spki=csr.spki,
        extensions=(*profile.extensions, *added),
    )


def _passed(
    profile: Profile, csr: Csr, api: Passthrough, configured: Sequence[Extension], *, named: bool
) -> Iterator[Extension]:
    """The guide's order of operations: the template's own are there already, then the call, then the CSR,
    then the authority's settings, but for its OCSP responder, which nobody else names while it is on.
    """
    seen = set()
    for extension in _candidates(profile, csr, api, configured):
        if extension.oid in seen:
            continue
        seen.add(extension.oid)
        if extension.oid == oids.SUBJECT_ALTERNATIVE_NAME:
            # RFC 5280 §4.2.1.6: critical exactly where there is no subject.
            yield Extension(extension.oid, not named, extension.value)
        else:
            yield extension


def _candidates(
    profile: Profile, csr: Csr, api: Passthrough, configured: Sequence[Extension]
) -> Iterator[Extension]:
    if profile.kind == ROOT or any(each.oid == oids.OCSP_NO_CHECK for each in api.extensions):
        configured = ()  # nobody asks whether these are revoked
    yield from (each for each in configured if each.oid == oids.AUTHORITY_INFORMATION_ACCESS)
    for extension in api.extensions:
        if extension.oid not in profile.barred_api:
            yield extension
    for extension in csr.extensions:
        # Its alternative names are every AWS template's.
        if (extension.oid == oids.SUBJECT_ALTERNATIVE_NAME and profile.takes_names) or (
            profile.takes_csr and extension.oid not in profile.barred_csr
        ):
            yield extension
    yield from configured


def self_issuer(csr: Csr, api: Passthrough = NOTHING) -> Issuer:
    """For a root that signs its own CSR: a template sets no authority key identifier in it."""
    return Issuer(api.subject or csr.subject, key_id=None, not_after=None, path_length=None)


def issuer_from_certificate(certificate: bytes, chain: str | None = None) -> Issuer:
    """The issuer that a CA certificate (DER) makes, bounded by the path lengths in its chain (PEM).

    Raises MALFORMED_CERTIFICATE.
    """
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The issuer's certificate cannot be used"):
        own = read_certificate(certificate)
        if not own.is_ca:
            raise RefusalError("it is not the certificate of a CA")
        above = read_chain(chain)
        path_length = effective_path_length(own, above)
        return Issuer(own.subject, own.key_id, own.not_after, path_length, name_constraints((own, *above)))
