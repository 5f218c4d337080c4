"""Certificate profiles: one row per AWS template. What a row does not say is not in the certificate.

Source: AWS Private CA user guide, "Template varieties" and "Template definitions" (V1), 61 of them.
A base template takes subject, subject alternative names and public key from the CSR and nothing else.
`CSRPassthrough` adds the CSR's other extensions, `APIPassthrough` what the call itself says
(ApiPassthrough), `APICSRPassthrough` both. An extension that the template has is nobody else's; the
subject key identifier comes from the key, the authority key identifier from the issuer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from types import MappingProxyType

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import extensions, oids
from privyseal.x509.extensions import Extension
from privyseal.x509.refusal import shown
from privyseal.x509.validity import BACKDATING

ROOT, SUBORDINATE, END_ENTITY = "root", "subordinate", "end-entity"


@dataclass(frozen=True, slots=True)
class Profile:
    """`extensions` are those that are the same in every certificate of the profile, in order.

    `takes_api` and `takes_csr` say whether it is a passthrough template; what it takes is then every
    extension whose OID is not in `barred_api`, or `barred_csr`.
    """

    name: str  # as in the template's ARN, "EndEntityCertificate/V1"
    kind: str
    extensions: tuple[Extension, ...]
    takes_api: bool = False
    takes_csr: bool = False
    barred_api: frozenset[str] = frozenset()
    barred_csr: frozenset[str] = frozenset()
    takes_names: bool = True  # subject alternative names of the CSR
    backdating: timedelta = BACKDATING  # of NotBefore


# What every template defines for itself: its own constraints, and both key identifiers.
_IDENTITY = frozenset({oids.BASIC_CONSTRAINTS, oids.SUBJECT_KEY_IDENTIFIER, oids.AUTHORITY_KEY_IDENTIFIER})
_CDP = frozenset({oids.CRL_DISTRIBUTION_POINTS})
_AKI = frozenset({oids.AUTHORITY_KEY_IDENTIFIER})

# Name of the base → (kind, its extensions)
_Base = tuple[str, tuple[Extension, ...]]
_PATH_LENGTHS = range(4)


def _authority(kind: str, path_length: int | None, *more: Extension) -> _Base:
    constraints = extensions.basic_constraints(ca=True, path_length=path_length, critical=True)
    return kind, (constraints, *more)


def _end_entity(*more: Extension, critical: bool = False) -> _Base:
    constraints = extensions.basic_constraints(ca=False, path_length=None, critical=critical)
    return END_ENTITY, (constraints, *more)


_SIGNS_CERTIFICATES = extensions.key_usage(("digitalSignature", "keyCertSign", "cRLSign"))
_SIGNS_AND_ENCIPHERS = extensions.key_usage(("digitalSignature", "keyEncipherment"))
_SIGNS = extensions.key_usage(("digitalSignature",))


def _purposes(*purposes: str, critical: bool = False) -> Extension:
    return extensions.extended_key_usage(purposes, critical=critical)


_ROOT = {"RootCACertificate": _authority(ROOT, None, _SIGNS_CERTIFICATES)}
_BLANK_ROOTS = {
    "BlankRootCACertificate": _authority(ROOT, None),
    **{f"BlankRootCACertificate_PathLen{n}": _authority(ROOT, n) for n in _PATH_LENGTHS},
}
_NAMED = {
    **{
        f"SubordinateCACertificate_PathLen{n}": _authority(SUBORDINATE, n, _SIGNS_CERTIFICATES)
        for n in _PATH_LENGTHS
    },
    "EndEntityCertificate": _end_entity(_SIGNS_AND_ENCIPHERS, _purposes(oids.SERVER_AUTH, oids.CLIENT_AUTH)),
    "EndEntityClientAuthCertificate": _end_entity(_SIGNS_AND_ENCIPHERS, _purposes(oids.CLIENT_AUTH)),
    "EndEntityServerAuthCertificate": _end_entity(_SIGNS_AND_ENCIPHERS, _purposes(oids.SERVER_AUTH)),
    "CodeSigningCertificate": _end_entity(_SIGNS, _purposes(oids.CODE_SIGNING, critical=True)),
    "OCSPSigningCertificate": _end_entity(_SIGNS, _purposes(oids.OCSP_SIGNING, critical=True)),
}
_CRITICAL_CONSTRAINTS = "BlankEndEntityCertificate_CriticalBasicConstraints"
_BLANKS = {
    "BlankEndEntityCertificate": _end_entity(),
    _CRITICAL_CONSTRAINTS: _end_entity(critical=True),
    **{f"BlankSubordinateCACertificate_PathLen{n}": _authority(SUBORDINATE, n) for n in _PATH_LENGTHS},
}

# Blank templates exist only with a passthrough, roots only without that of the CSR.
_BASE = _ROOT | _NAMED
_CSR_VARIANTS = _NAMED | _BLANKS
_API_VARIANTS = _NAMED | _BLANKS | _ROOT | _BLANK_ROOTS


def _variant(name: str, base: _Base, suffix: str, *, api: bool, csr: bool) -> Profile:
    kind, own = base
    defined = _IDENTITY | {extension.oid for extension in own}
    return Profile(
        f"{name}{suffix}/V1",
        kind,
        own,
        takes_api=api,
        takes_csr=csr,
        barred_api=_barred_api(name, kind, defined) if api else frozenset(),
        barred_csr=defined if csr else frozenset(),
    )


def _barred_api(name: str, kind: str, defined: frozenset[str]) -> frozenset[str]:
    """The definitions' exceptions: who takes CRL distribution points or a root's AKI from the call."""
    if kind == ROOT:  # AWS sets no AKI on a root; its guide for Matter passes one through the call
        return defined - _AKI | _CDP
    return defined if name == _CRITICAL_CONSTRAINTS else defined | _CDP


def _all() -> Iterator[Profile]:
    for name, base in _BASE.items():
        yield _variant(name, base, "", api=False, csr=False)
    for name, base in _CSR_VARIANTS.items():
        yield _variant(name, base, "_CSRPassthrough", api=False, csr=True)
        yield _variant(name, base, "_APICSRPassthrough", api=True, csr=True)
    for name, base in _API_VARIANTS.items():
        yield _variant(name, base, "_APIPassthrough", api=True, csr=False)


PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _all()})
DEFAULT = PROFILES["EndEntityCertificate/V1"]

# The leaf of serverless-ca: no BasicConstraints, the domain-validated policy of the CA/Browser Forum, key
# encipherment for every kind of key (its validator asks for both bits), five minutes of backdating.
# Purposes, names and allowed extensions come with the call. No template ARN leads here.
SERVERLESS = Profile(
    "Serverless/V1",
    END_ENTITY,
    (_SIGNS_AND_ENCIPHERS, extensions.certificate_policy("2.23.140.1.2.1")),
    takes_api=True,
    barred_api=frozenset(
        {oids.KEY_USAGE, oids.CERTIFICATE_POLICIES, oids.CRL_DISTRIBUTION_POINTS} | _IDENTITY
    ),
    takes_names=False,
    backdating=timedelta(minutes=5),
)
OWN: Mapping[str, Profile] = MappingProxyType({SERVERLESS.name: SERVERLESS})

_TEMPLATE_ARN = re.compile(
    r"\Aarn:(?P<partition>aws[a-z-]*):acm-pca:::template/(?P<name>\w{1,80}/V[0-9]{1,3})\Z"
)


def profile_for(template_arn: str | None, partition: str) -> Profile:
    """The profile of a template ARN in the region's partition; without one, AWS's default.

    Raises INVALID_ARN for what is no template ARN, INVALID_ARGUMENT for a template that does not exist.
    """
    if template_arn is None:
        return DEFAULT
    match = _TEMPLATE_ARN.match(template_arn)
    if not match or match["partition"] != partition:
        raise PrivySealError(
            ErrorCode.INVALID_ARN,
            f"{shown(template_arn, 200)} is not the ARN of a template here."
            f" It looks like arn:{partition}:acm-pca:::template/{DEFAULT.name}.",
        )
    if profile := PROFILES.get(match["name"]):
        return profile
    near = get_close_matches(match["name"], PROFILES, n=3) or [DEFAULT.name]
    raise PrivySealError(
        ErrorCode.INVALID_ARGUMENT,
        f"The template {match['name']} does not exist. There are {len(PROFILES)},"
        f" among them {', '.join(near)}.",
    )


def template_kind(name: str) -> str:
    """The kind of certificate that a stored template name stands for."""
    return (PROFILES.get(name) or OWN[name]).kind
