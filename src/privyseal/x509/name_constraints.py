"""Name constraints (RFC 5280 §4.2.1.10): what the certificates above allow an authority to name.

Whoever verifies a certificate outside them refuses it, so it is never signed. Where the RFC leaves
room or readers differ, the stricter reading counts: a wildcard stands for every name that it could
match, and a common name that could be a host's counts as one where there is no dNSName.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from privyseal.x509 import der, oids
from privyseal.x509.extensions import Extension
from privyseal.x509.general_names import DIRECTORY, DNS, IP, KINDS, MAIL, URI
from privyseal.x509.refusal import RefusalError
from privyseal.x509.subject import Name, read_name

_HOST = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9*_-]+(\.[A-Za-z0-9*_-]+)+")
_SPACES = re.compile(r"\s+")
_IP_AND_MASK = frozenset({8, 32})


@dataclass(frozen=True, slots=True)
class Subtree:
    """One name of a constraint: `kind` as in `general_names`, and the octets of its value."""

    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class NameConstraints:
    permitted: tuple[Subtree, ...]
    excluded: tuple[Subtree, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """A name of a certificate: its kind, its text, and its octets where those count."""

    kind: str
    text: str
    octets: bytes = b""


def read_name_constraints(value: bytes) -> NameConstraints:
    """Raises RefusalError for what is malformed, or has a minimum or maximum (which RFC 5280 forbids)."""
    permitted: tuple[Subtree, ...] = ()
    excluded: tuple[Subtree, ...] = ()
    for field in der.inside(value):
        found = tuple(_subtree(each) for each in field.children())
        if field.tag == 0xA0:
            permitted = found
        elif field.tag == 0xA1:
            excluded = found
        else:
            raise RefusalError("the name constraints are malformed")
    return NameConstraints(permitted, excluded)


def broken_constraint(
    constraints: Sequence[NameConstraints], subject: Name, alternative: Extension | None
) -> str | None:
    """The first name of a certificate that one of `constraints` forbids; None where all are allowed."""
    named = list(_names(subject, alternative))
    for each in constraints:
        for name in named:
            if not _allowed(each, name):
                return name.text
    return None


def _subtree(element: der.Element) -> Subtree:
    fields = element.inside(der.SEQUENCE)
    if len(fields) != 1 or fields[0].tag not in KINDS:
        raise RefusalError("a subtree of name constraints is not one name")
    kind = KINDS[fields[0].tag][0]
    if kind == IP and len(fields[0].content) not in _IP_AND_MASK:
        raise RefusalError("a subtree of addresses is not an address and a mask")
    return Subtree(kind, fields[0].content)


def _names(subject: Name, alternative: Extension | None) -> Iterator[_Named]:
    kinds = set()
    if alternative is not None:
        for element in der.inside(alternative.value):
            kind, read = KINDS[element.tag]
            kinds.add(kind)
            yield _Named(kind, read(element), element.content)
    if subject.rdns:
        yield _Named(DIRECTORY, subject.text, subject.raw)
    for address in subject.values(oids.EMAIL_ADDRESS):
        yield _Named(MAIL, address)
    if DNS not in kinds:
        for name in subject.values(oids.COMMON_NAME):
            if _HOST.fullmatch(name):
                yield _Named(DNS, name)


def _allowed(constraints: NameConstraints, name: _Named) -> bool:
    permitted = [each for each in constraints.permitted if each.kind == name.kind]
    excluded = [each for each in constraints.excluded if each.kind == name.kind]
    if not permitted and not excluded:
        return True
    rule = _RULES.get(name.kind)
    if rule is None:
        return False  # of a kind that we cannot compare: never by accident
    within, touches = rule
    if any(touches(name, each.value) for each in excluded):
        return False
    return not permitted or any(within(name, each.value) for each in permitted)


def _text(value: bytes) -> str:
    return value.decode("latin-1").lower()


def _host_within(host: str, constraint: str) -> bool:
    """`example.com` is itself and all below it; `.example.com` only what is below; nothing is all."""
    if constraint.startswith("."):
        return host.endswith(constraint) and len(host) > len(constraint)
    return not constraint or host == constraint or host.endswith(f".{constraint}")


def _dns_within(name: _Named, value: bytes) -> bool:
    return _host_within(name.text.lower(), _text(value))


def _dns_touches(name: _Named, value: bytes) -> bool:
    host, constraint = name.text.lower(), _text(value)
    if _host_within(host, constraint):
        return True
    first, _, rest = host.partition(".")
    # `*.example.com` matches `a.example.com`: excluding that one excludes the wildcard.
    return "*" in first and bool(rest) and constraint.lstrip(".").partition(".")[2] == rest


def _mail_within(name: _Named, value: bytes) -> bool:
    constraint = value.decode("latin-1")
    local, _, host = name.text.rpartition("@")
    if "@" in constraint:
        wanted, _, domain = constraint.rpartition("@")
        return local == wanted and host.lower() == domain.lower()
    return _mail_host_within(host, constraint)


def _mail_touches(name: _Named, value: bytes) -> bool:
    constraint = value.decode("latin-1")
    if "@" in constraint:  # the local part is for its host to compare: in whatever case
        return name.text.lower() == constraint.lower()
    return _mail_host_within(name.text.rpartition("@")[2], constraint)


def _mail_host_within(host: str, constraint: str) -> bool:
    """A host is that host alone; with a dot before it, all hosts below it."""
    if constraint.startswith("."):
        return _host_within(host.lower(), constraint.lower())
    return not constraint or host.lower() == constraint.lower()


def _uri_host(name: _Named) -> str | None:
    try:
        return urlsplit(name.text).hostname
    except ValueError:
        return None


def _uri_within(name: _Named, value: bytes) -> bool:
    host = _uri_host(name)
    return host is not None and bool(_HOST.fullmatch(host)) and _mail_host_within(host, _text(value))


def _uri_touches(name: _Named, value: bytes) -> bool:
    """A URI without a host name cannot be compared, so it is refused (RFC 5280)."""
    host = _uri_host(name)
    return host is None or not _HOST.fullmatch(host) or _mail_host_within(host, _text(value))


def _ip_within(name: _Named, value: bytes) -> bool:
    half = len(value) // 2
    network, mask = value[:half], value[half:]
    if len(name.octets) != half:
        return False
    return all(a & m == n & m for a, n, m in zip(name.octets, network, mask, strict=True))


def _directory_within(name: _Named, value: bytes) -> bool:
    """The constraint's RDNs are the first of the name's."""
    # A directoryName is a Name inside an explicit tag in the alternative names, and is one in the subject.
    own, wanted = _rdns(name.octets), _rdns(value)
    return own[: len(wanted)] == wanted


def _rdns(raw: bytes) -> list[frozenset[tuple[str, str]]]:
    return [
        frozenset((each.type, _SPACES.sub(" ", each.text.strip()).casefold()) for each in rdn)
        for rdn in read_name(raw).rdns
    ]


_Rule = Callable[[_Named, bytes], bool]

# Kind → (is the name inside a permitted subtree, could an excluded subtree forbid it).
_RULES: Mapping[str, tuple[_Rule, _Rule]] = {
    DNS: (_dns_within, _dns_touches),
    MAIL: (_mail_within, _mail_touches),
    URI: (_uri_within, _uri_touches),
    IP: (_ip_within, _ip_within),
    DIRECTORY: (_directory_within, _directory_within),
}
