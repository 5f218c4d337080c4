"""What a certificate may be used for: `purposes` and `extended_key_usages` of a request.

Source: serverless-ca, "Client Certificates" and "Extended Key Usages"; what its function does with
each form of the two lists was observed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from privyseal.serverless.refusals import Refused
from privyseal.x509 import oids

MOST: Final = 20  # ExtendedKeyUsage of the acm-pca service model
_DEFAULT: Final = "client_auth"
PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {"client_auth": oids.CLIENT_AUTH, "server_auth": oids.SERVER_AUTH}
)
_IPSEC: Final = "1.3.6.1.5.5.7.3."
# None: the name is accepted and adds nothing.
EXTENDED: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "TLS_WEB_SERVER_AUTHENTICATION": oids.SERVER_AUTH,
        "TLS_WEB_CLIENT_AUTHENTICATION": oids.CLIENT_AUTH,
        "CODE_SIGNING": oids.CODE_SIGNING,
        "EMAIL_PROTECTION": oids.EMAIL_PROTECTION,
        "TIME_STAMPING": oids.TIME_STAMPING,
        "OCSP_SIGNING": oids.OCSP_SIGNING,
        "IPSEC_END_SYSTEM": f"{_IPSEC}5",
        "IPSEC_TUNNEL": f"{_IPSEC}6",
        "IPSEC_USER": f"{_IPSEC}7",
        "ANY": "2.5.29.37.0",
        "NONE": None,
    }
)
_OID = re.compile(
    r"\A(?:1\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]{0,2}))(?:\.(?:0|[1-9][0-9]{0,37})){1,30}\Z"
)


@dataclass(frozen=True, slots=True)
class KeyPurposes:
    """`oids` in order, each once; `dropped` says what of the request was left out, and why."""

    oids: tuple[str, ...]
    dropped: tuple[str, ...]


def named(asked: Any) -> tuple[str, ...]:
    """What `purposes` comes to, as notices show it."""
    return _purposes(asked, [])


def read(purposes: Any, extended: Any) -> KeyPurposes:
    """Raises Refused for an identifier that is none."""
    dropped: list[str] = []
    names = _purposes(purposes, dropped)
    found = [PURPOSES[name] for name in names] + _extended(extended, dropped)
    return KeyPurposes(tuple(dict.fromkeys(found)), tuple(dropped))


def _purposes(asked: Any, dropped: list[str]) -> tuple[str, ...]:
    """Without a usable one it is a client's, also where only extended key usages are asked for."""
    if asked is not None and not isinstance(asked, list):
        dropped.append("purposes is not a list")
    listed = _listed(asked, "purposes")
    known = [each for each in listed if isinstance(each, str) and each in PURPOSES]
    dropped += [f"purpose {_shown(each)}" for each in listed if each not in known]
    return tuple(dict.fromkeys(known)) or (_DEFAULT,)


def _extended(asked: Any, dropped: list[str]) -> list[str]:
    if asked is not None and not isinstance(asked, list):
        dropped.append("extended_key_usages is not a list")
    found: list[str] = []
    for each in _listed(asked, "extended key usages"):
        if isinstance(each, str) and each in EXTENDED:
            found += [oid] if (oid := EXTENDED[each]) else []
        elif isinstance(each, str) and each.startswith(("1.", "2.")):
            if not _OID.match(each):
                raise Refused(f"Extended key usage {_shown(each)} is not a valid object identifier")
            found.append(each)
        else:
            dropped.append(f"extended key usage {_shown(each)}")
    return found


def _listed(asked: Any, what: str) -> Sequence[Any]:
    listed: Sequence[Any] = asked if isinstance(asked, list) else ()
    if len(listed) > MOST:
        raise Refused(f"There are more than {MOST} {what}")
    return listed


def _shown(value: Any) -> str:
    return repr(value)[:80]
