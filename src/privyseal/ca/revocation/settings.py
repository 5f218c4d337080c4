"""RevocationConfiguration: what it may hold, the form in which Describe gives it back, and what it means.

Source: AWS Private CA API reference, CrlConfiguration and OcspConfiguration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privyseal.ca.model import Authority
from privyseal.ca.ports import Publisher
from privyseal.errors import ErrorCode, PrivySealError

DISABLED: Mapping[str, Any] = {
    "CrlConfiguration": {"Enabled": False},
    "OcspConfiguration": {"Enabled": False},
}
PARTITIONED = "PARTITIONED"
PUBLIC_READ = "PUBLIC_READ"  # S3ObjectAcl: "If no value is specified, the default is PUBLIC_READ"
# What AWS writes to a bucket before there is a CRL (user guide, "Access policies for CRLs in Amazon S3").
PERMISSION_TEST = "acm-pca-permission-test-key"

# What our own routes begin with: no CRL below it would be found. Front-ends for devices are among them.
RESERVED = frozenset({"api", "healthz", "metrics", "new", "ocsp", "proto", "provision", "readyz", "service"})

# A host name or an IPv4 address (RFC 2396 §3.2.2), perhaps a port, and for CRLs a path. OCSP's has none:
# what GET appends to it (RFC 6960 appendix A) has to arrive where OCSP answers, at the root.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_CNAME = re.compile(
    rf"\A(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9!_.*'()-]+)*)\Z"
)
_LAST_PORT = 65_535
# Amazon S3 user guide, "Naming Amazon S3 objects": safe characters; no segment means anything to a
# file system.
_PATH_SEGMENT = re.compile(r"\A(?!\.{1,2}\Z)[A-Za-z0-9!_.*'()-]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class CrlSettings:
    """CRLs that are switched on. `days` is how long each is good; `None` where nothing was given."""

    days: int
    partitioned: bool
    custom_cname: str | None
    custom_path: str | None
    bucket: str | None
    acl: str
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
        acl=found.get("S3ObjectAcl", PUBLIC_READ),
        in_certificates=not omitted.get("OmitExtension", False),
    )


def ocsp_settings(authority: Authority) -> OcspSettings | None:
    """None where OCSP is off."""
    found = authority.revocation["OcspConfiguration"]
    return OcspSettings(found.get("OcspCustomCname")) if found["Enabled"] else None


def checked(requested: Mapping[str, Any] | None, before: Mapping[str, Any] = DISABLED) -> Mapping[str, Any]:
    """The settings with both members present, as AWS describes them; a member that was not given stays
    as it was `before`. Raises INVALID_ARGUMENT.
    """
    found = dict(before)
    for member, settings in (requested or {}).items():
        if settings is not None:
            found[member] = _checked(member, settings)
    return found


def check_bucket(publisher: Publisher, settings: Mapping[str, Any]) -> None:
    """That CRLs can be written where `settings` want them. Raises INVALID_ARGUMENT for a bucket that there
    is not, VALIDATION and INVALID_POLICY for one that refuses.
    """
    crl = settings["CrlConfiguration"]
    if not crl.get("S3BucketName"):
        return
    publisher.check(crl["S3BucketName"])
    try:
        publisher.put(
            crl["S3BucketName"],
            PERMISSION_TEST,
            [],
            "application/octet-stream",
            acl=crl.get("S3ObjectAcl", PUBLIC_READ),
        )
    except PrivySealError as error:
        if error.code is ErrorCode.VALIDATION:
            raise PrivySealError(ErrorCode.INVALID_POLICY, error.message) from error
        raise


def _checked(member: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    # An empty text is how forms say that there is none.
    given = {name: value for name, value in settings.items() if value is not None and value != ""}
    if not given["Enabled"]:
        if len(given) > 1:
            raise _refused(f"{member} has other members beside Enabled=false; remove them or enable it.")
        return given
    for name in ("CustomCname", "OcspCustomCname"):
        if name in given:
            _check_cname(name, given[name])
    if member == "CrlConfiguration":
        _check_crl(given)
    return given


def _check_cname(name: str, value: str) -> None:
    found = _CNAME.match(value)
    if not found or not 1 <= int(found["port"] or 80) <= _LAST_PORT:
        raise _refused(
            f"{name} is a host name, without http:// or https:// and without special characters "
            f"(RFC 2396); a port of 1 to {_LAST_PORT} may follow, and for CRLs a path."
        )
    if name == "OcspCustomCname" and found["path"]:
        raise _refused(
            "OcspCustomCname has no path: OCSP answers at the root of the name, and requests by GET add "
            "theirs to it. Leave the path out; a port may follow the name."
        )


def _check_crl(given: Mapping[str, Any]) -> None:
    if "ExpirationInDays" not in given:
        raise _refused("CrlConfiguration needs ExpirationInDays when it is enabled.")
    path = given.get("CustomPath", "/")
    if path != "/" and not all(map(_PATH_SEGMENT.match, path.split("/"))):
        raise _refused(
            "CustomPath consists of letters, digits and !-_.*'() between slashes, which neither begin nor "
            "end it: what is safe in the key of an S3 object and in a URL."
        )
    if path.partition("/")[0] in RESERVED:
        raise _refused(
            "CustomPath begins with a name of the service's own URLs, which are "
            f"{', '.join(sorted(RESERVED))}: choose another."
        )
    omitted = given.get("CrlDistributionPointExtensionConfiguration") or {}
    if omitted.get("OmitExtension") and "CustomCname" in given:
        raise _refused("OmitExtension cannot be set together with a CustomCname.")


def _refused(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, message)
