"""Certificate profiles: one row per AWS template. What a row does not say is not in the certificate.

Source: AWS Private CA user guide, "Template definitions" (V1). Subject, subject alternative names
and public key come from the CSR; the subject key identifier from the key, the authority key
identifier from the issuer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import extensions, oids
from privyseal.x509.extensions import Extension
from privyseal.x509.refusal import shown

ROOT, SUBORDINATE, END_ENTITY = "root", "subordinate", "end-entity"


@dataclass(frozen=True, slots=True)
class Profile:
    """`extensions` are those that are the same in every certificate of the profile, in order."""

    name: str  # as in the template's ARN, "EndEntityCertificate/V1"
    kind: str
    extensions: tuple[Extension, ...]
    path_length: int | None = None


_AUTHORITY_USAGE = ("digitalSignature", "keyCertSign", "cRLSign")
_END_ENTITY_USAGE = ("digitalSignature", "keyEncipherment")


def _authority(name: str, kind: str, path_length: int | None) -> Profile:
    constraints = extensions.basic_constraints(ca=True, path_length=path_length, critical=True)
    usage = extensions.key_usage(_AUTHORITY_USAGE)
    return Profile(f"{name}/V1", kind, (constraints, usage), path_length)


def _end_entity(name: str, *purposes: str) -> Profile:
    constraints = extensions.basic_constraints(ca=False, path_length=None, critical=False)
    usage = extensions.key_usage(_END_ENTITY_USAGE)
    return Profile(f"{name}/V1", END_ENTITY, (constraints, usage, extensions.extended_key_usage(purposes)))


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _authority("RootCACertificate", ROOT, None),
            *(_authority(f"SubordinateCACertificate_PathLen{n}", SUBORDINATE, n) for n in range(4)),
            _end_entity("EndEntityCertificate", oids.SERVER_AUTH, oids.CLIENT_AUTH),
            _end_entity("EndEntityClientAuthCertificate", oids.CLIENT_AUTH),
            _end_entity("EndEntityServerAuthCertificate", oids.SERVER_AUTH),
        )
    }
)
DEFAULT = PROFILES["EndEntityCertificate/V1"]

# The templates that AWS has besides: base names, and the names that have passthrough variants.
_LEAVES = ("CodeSigningCertificate", "OCSPSigningCertificate")
_CSR_VARIANTS = (
    "BlankEndEntityCertificate",
    "BlankEndEntityCertificate_CriticalBasicConstraints",
    *(f"BlankSubordinateCACertificate_PathLen{n}" for n in range(4)),
    *_LEAVES,
    "EndEntityCertificate",
    "EndEntityClientAuthCertificate",
    "EndEntityServerAuthCertificate",
    *(f"SubordinateCACertificate_PathLen{n}" for n in range(4)),
)
_API_VARIANTS = (
    *_CSR_VARIANTS,
    "RootCACertificate",
    "BlankRootCACertificate",
    *(f"BlankRootCACertificate_PathLen{n}" for n in range(4)),
)
UNSERVED: frozenset[str] = frozenset(
    [f"{name}/V1" for name in _LEAVES]
    + [f"{name}_CSRPassthrough/V1" for name in _CSR_VARIANTS]
    + [f"{name}_APICSRPassthrough/V1" for name in _CSR_VARIANTS]
    + [f"{name}_APIPassthrough/V1" for name in _API_VARIANTS]
)

_TEMPLATE_ARN = re.compile(
    r"\Aarn:(?P<partition>aws[a-z-]*):acm-pca:::template/(?P<name>\w{1,80}/V[0-9]{1,3})\Z"
)


def profile_for(template_arn: str | None, partition: str) -> Profile:
    """The profile of a template ARN in the region's partition; without one, AWS's default.

    Raises INVALID_ARN for what is no template ARN, INVALID_ARGUMENT for a template that is not served.
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
    why = "is not supported yet" if match["name"] in UNSERVED else "does not exist"
    raise PrivySealError(
        ErrorCode.INVALID_ARGUMENT,
        f"The template {match['name']} {why}. Use one of: {', '.join(PROFILES)}.",
    )


def template_kind(name: str) -> str:
    """The kind of certificate that a stored template name stands for."""
    return PROFILES[name].kind
