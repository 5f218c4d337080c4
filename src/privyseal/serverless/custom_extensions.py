"""Extensions that a caller brings along: only those that the operator has allowed, none of our own.

Source: serverless-ca, `extensions` of a request and `custom_extension_allowlist`; the reserved ones are
those that every certificate's profile decides about.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from privyseal.serverless.refusals import Refused
from privyseal.x509 import der, oids
from privyseal.x509.refusal import RefusalError

RESERVED: Final = frozenset(
    {
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.KEY_USAGE,
        oids.SUBJECT_ALTERNATIVE_NAME,
        oids.BASIC_CONSTRAINTS,
        oids.CRL_DISTRIBUTION_POINTS,
        oids.CERTIFICATE_POLICIES,
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.EXTENDED_KEY_USAGE,
        oids.AUTHORITY_INFORMATION_ACCESS,
    }
)
MOST: Final = 20
MOST_OCTETS: Final = 4096  # CustomExtension of the acm-pca service model
_OID = re.compile(r"\A[0-2](?:\.(?:0|[1-9][0-9]{0,37})){1,30}\Z")


def read(asked: Any, allowed: Collection[str]) -> list[Mapping[str, Any]]:
    """CustomExtensions of the acm-pca service model. One that cannot be had refuses the request."""
    if asked is None:
        return []
    if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
        raise Refused("Custom extensions must be a list of objects")
    if len(asked) > MOST:
        raise Refused(f"There are more than {MOST} custom extensions")
    found: dict[str, Mapping[str, Any]] = {}
    for each in asked:
        oid = each.get("oid")
        if not oid:
            raise Refused("Custom extension is missing required field 'oid'")
        oid = str(oid)[:200]
        if oid in found:
            raise Refused(f"Custom extension OID {oid} is specified more than once")
        found[oid] = _extension(oid, each, allowed)
    return list(found.values())


def _extension(oid: str, asked: Mapping[str, Any], allowed: Collection[str]) -> Mapping[str, Any]:
    if oid in RESERVED:
        raise Refused(f"Custom extension OID {oid} is reserved and cannot be set by callers")
    if oid not in allowed:
        raise Refused(f"Custom extension OID {oid} is not in the configured allowlist")
    if not _OID.match(oid) or not _is_oid(oid):
        raise Refused(f"Custom extension OID {oid} is not a valid object identifier")
    value, critical = asked.get("value_b64"), asked.get("critical", False)
    if value is None:
        raise Refused(f"Custom extension OID {oid} is missing required field 'value_b64'")
    if not isinstance(critical, bool):
        raise Refused(f"Custom extension OID {oid} has a 'critical' that is not true or false")
    if not _is_base64(value):
        raise Refused(f"Custom extension OID {oid} has an invalid base64 value")
    if not _is_der(base64.b64decode(value)):
        raise Refused(f"Custom extension OID {oid} has a value that is not one DER value")
    return {"ObjectIdentifier": oid, "Value": value, "Critical": critical}


def _is_oid(oid: str) -> bool:
    """Whether it can be encoded: arcs have limits of their own."""
    try:
        der.oid(oid)
    except RefusalError:
        return False
    return True


def _is_der(value: bytes) -> bool:
    try:
        der.check(value)
    except RefusalError:
        return False
    return len(der.elements(value)) == 1


def _is_base64(value: Any) -> bool:
    try:
        decoded = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return False
    return 0 < len(decoded) <= MOST_OCTETS
