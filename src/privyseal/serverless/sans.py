"""Subject alternative names: every form in which a request may have them, and what is valid of it.

Source: serverless-ca, "Subject Alternative Names". A name that is not valid is dropped, never an error,
and its caller is told. Where something was asked for and nothing of it is valid, there are none: the
common name stands in only for a request that asks for nothing.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from privyseal.serverless import subject
from privyseal.serverless.refusals import Refused
from privyseal.x509 import oids

MOST: Final = 150  # SubjectAlternativeNames of the acm-pca service model
DNS: Final = "DNS_NAME"
DN: Final = "DN"

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"\A(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}\Z")
_LAST_LABEL: Final = 2  # characters at least
_EMAIL = re.compile(r"\A[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.+)\Z")
_URL = re.compile(
    r"\A(?:https?|ftps?|sftp|ssh|git|ldaps?|rtsp)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][!-~]*)?\Z"
)
# What a distinguished name may have, by the name that texts use.
_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CN": oids.COMMON_NAME,
        "O": oids.ORGANIZATION,
        "OU": oids.ORGANIZATIONAL_UNIT,
        "C": oids.COUNTRY,
        "ST": oids.STATE,
        "L": oids.LOCALITY,
        "E": oids.EMAIL_ADDRESS,
        "DC": oids.DOMAIN_COMPONENT,
    }
)


class San(NamedTuple):
    type: str  # a row of _KINDS
    value: str


@dataclass(frozen=True, slots=True)
class Sans:
    names: tuple[San, ...]
    dropped: tuple[str, ...]

    def members(self) -> list[Mapping[str, Any]]:
        """GeneralNames of the acm-pca service model."""
        return [member for name in self.names if (member := _KINDS[name.type](name.value)) is not None]


def read(asked: Any, common_name: str) -> Sans:
    """`asked` is None, a text, a list of texts or of {type, value}, or a map of types to values."""
    entries = list(_entries(asked))
    if len(entries) > MOST:
        raise Refused(f"There are more than {MOST} subject alternative names")
    if not entries:
        return Sans((San(DNS, common_name),) if is_domain(common_name) else (), ())
    names: list[San] = []
    dropped: list[str] = []
    for kind, value in entries:
        member = _KINDS[kind](value) if kind in _KINDS and isinstance(value, str) else None
        if member is None:
            dropped.append(f"subject alternative name {kind} {value!r}"[:200])
        else:
            names.append(San(kind, value))
            dropped += _left_out(kind, value)
    return Sans(tuple(names), tuple(dropped))


def is_domain(name: str) -> bool:
    """Two labels or more, in ASCII, with `*.` before them at most."""
    base = name.removeprefix("*.")
    return bool(_DOMAIN.match(base)) and len(base.rpartition(".")[2]) >= _LAST_LABEL


def _entries(asked: Any) -> Iterator[tuple[str, Any]]:
    """(type, value), whatever the form; nothing for what says nothing."""
    if isinstance(asked, Mapping):
        for kind, values in asked.items():
            for value in values if isinstance(values, list) else (values,):
                yield str(kind).upper(), value
    elif isinstance(asked, list):
        for each in asked:
            if isinstance(each, Mapping):
                yield str(each.get("type", DNS)).upper(), each.get("value")
            else:
                yield DNS, each
    elif asked is not None and asked != "":
        yield DNS, asked


def _dns(value: str) -> Mapping[str, Any] | None:
    return {"DnsName": value} if is_domain(value) else None


def _ip(value: str) -> Mapping[str, Any] | None:
    try:
        return {"IpAddress": str(ipaddress.ip_address(value))} if "%" not in value else None
    except ValueError:
        return None


def _email(value: str) -> Mapping[str, Any] | None:
    match = _EMAIL.match(value)
    return {"Rfc822Name": value} if match and is_domain(match[1]) and "*" not in match[1] else None


def _url(value: str) -> Mapping[str, Any] | None:
    match = _URL.match(value) if len(value) <= 253 else None  # UniformResourceIdentifier of the model
    if match is None:
        return None
    host = match[1]
    known = _ip(host.strip("[]")) or (is_domain(host) and "*" not in host)
    return {"UniformResourceIdentifier": value} if known else None


def _directory(value: str) -> Mapping[str, Any] | None:
    """`CN=a,O=b`: split at every comma, as there are no escapes; what cannot be in a name is left out."""
    found = [attribute for part in value.split(",") if (attribute := _attribute(part))]
    return {"DirectoryName": {"CustomAttributes": found}} if found else None


def _attribute(part: str) -> Mapping[str, str] | None:
    kind, _, text = part.partition("=")
    oid, text = _ATTRIBUTES.get(kind.strip().upper()), text.strip()
    if oid is None or not text:
        return None
    attribute = {"ObjectIdentifier": oid, "Value": text}
    return None if subject.problem(attribute) else attribute


def _left_out(kind: str, value: str) -> list[str]:
    """What a name that is used does not have of what was asked for."""
    if kind != DN:
        return []
    return [
        f"part {part!r} of subject alternative name {kind}"[:200]
        for part in value.split(",")
        if not _attribute(part)
    ]


_KINDS: Final[Mapping[str, Callable[[str], Mapping[str, Any] | None]]] = MappingProxyType(
    {DNS: _dns, "IP_ADDRESS": _ip, "EMAIL_ADDRESS": _email, "URL": _url, DN: _directory}
)
