"""RevocationConfiguration: what it may hold, the form in which Describe gives it back, and what it means.

Source: AWS Private CA API reference, CrlConfiguration and OcspConfiguration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privyseal.ca.model import Authority
from privyseal.errors import ErrorCode, PrivySealError

DISABLED: Mapping[str, Any] = {
    "CrlConfiguration": {"Enabled": False},
    "OcspConfiguration": {"Enabled": False},
}
PARTITIONED = "PARTITIONED"


@dataclass(frozen=True, slots=True)
class CrlSettings:
    """CRLs that are switched on. `days` is how long each is good; `None` where nothing was given."""

    days: int
    partitioned: bool
    custom_cname: str | None
    custom_path: str | None
    bucket: str | None
    acl: str | None
    in_certificates: bool  # whether certificates name it


@dataclass(frozen=True, slots=True)
class OcspSettings:
    """OCSP that is switched on."""

    custom_cname: str | None


def crl_settings(authority: Authority) -> CrlSettings | None:
    """None where CRLs are off."""
    found = authority.revocation["CrlConfiguration"]
    if not found["Enabled"]:
        return None
    omitted = found.get("CrlDistributionPointExtensionConfiguration") or {}
    return CrlSettings(
        days=found["ExpirationInDays"],
        partitioned=found.get("CrlType") == PARTITIONED,
        custom_cname=found.get("CustomCname"),
        custom_path=found.get("CustomPath"),
        bucket=found.get("S3BucketName"),
        acl=found.get("S3ObjectAcl"),
        in_certificates=not omitted.get("OmitExtension", False),
    )


def ocsp_settings(authority: Authority) -> OcspSettings | None:
    """None where OCSP is off."""
    found = authority.revocation["OcspConfiguration"]
    return OcspSettings(found.get("OcspCustomCname")) if found["Enabled"] else None


def checked(requested: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The settings with both members present, as AWS describes them. Raises INVALID_ARGUMENT."""
    found = dict(DISABLED)
    for member, settings in (requested or {}).items():
        if settings is None:
            continue
        given = {name: value for name, value in settings.items() if value is not None}
        if not given["Enabled"] and len(given) > 1:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"{member} has other members beside Enabled=false; remove them or enable it.",
            )
        if given["Enabled"] and member == "CrlConfiguration" and "ExpirationInDays" not in given:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, "CrlConfiguration needs ExpirationInDays when it is enabled."
            )
        found[member] = given
    return found
