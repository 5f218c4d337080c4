"""Whom a request counts for: the client's address, as the connection has it and nothing else.

A header such as X-Forwarded-For is written by the sender, so it is not looked at.
"""

import ipaddress

# What one subscriber has of IPv6 (RFC 6177): whoever counted single addresses would count nothing.
IPV6_PREFIX = 64


def address_key(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:  # no address at all: a Unix socket
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, IPV6_PREFIX), strict=False))
