"""Connections to addresses that somebody else names: resolved once, checked, and made to what was checked.

A name is never looked up a second time, so no name server can answer with something else after the
check. What counts as public is what IANA's special-purpose registries (RFC 6890) call globally
reachable; addresses that carry an IPv4 address inside them are as public as that one is.
"""

import ipaddress
import socket
import time
from collections.abc import Sequence

from privyseal.errors import ErrorCode, PrivySealError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 §2.4, as far as IANA has allocated it
_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")  # RFC 6890 §2.2.2; a cloud's metadata service is in it
_WIRE_SERVER = ipaddress.IPv4Address("168.63.129.16")  # Azure's, for its virtual machines alone
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


def is_public(address: Address) -> bool:
    """Whether it leads to a machine on the Internet, and to nobody's own network."""
    if isinstance(address, ipaddress.IPv4Address):
        own = address in _PROTOCOLS or address == _WIRE_SERVER
        return address.is_global and not address.is_multicast and not own
    if (inner := _inside(address)) is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and address.is_global


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to `address` end up at."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def dial(host: str, port: int, *, allow_private: bool, seconds: float) -> socket.socket:
    """A TCP connection to one of the host's addresses. With a single address that is not public among
    them, to none, unless `allow_private`. However many there are, they get `seconds` together.

    Raises INVALID_ARGUMENT for such an address, UNAVAILABLE where nobody answers.
    """
    found = _resolve(host, port)
    if not allow_private:
        for address in found:
            if not is_public(ipaddress.ip_address(str(address[0]).partition("%")[0])):
                raise PrivySealError(
                    ErrorCode.INVALID_ARGUMENT,
                    f"{host} is at an address of this machine or of a private network: only "
                    "allow-private = true connects to it.",
                )
    problem, until = "it has no address", time.monotonic() + seconds
    for address in found:
        if (left := until - time.monotonic()) <= 0:
            break
        family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(left)
        try:
            connection.connect(address)
            connection.settimeout(seconds)
        except OSError as error:
            connection.close()
            problem = error.strerror or str(error)
            continue
        return connection
    raise PrivySealError(ErrorCode.UNAVAILABLE, f"{host} port {port} does not answer: {problem}.")


def _resolve(host: str, port: int) -> Sequence[tuple[str, int] | tuple[str, int, int, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        text = f"The name {host} cannot be resolved: {getattr(error, 'strerror', None) or error}."
        raise PrivySealError(ErrorCode.UNAVAILABLE, text) from None
    return list(dict.fromkeys(each[4] for each in found))  # type: ignore[misc] # AF_INET and AF_INET6 alone
