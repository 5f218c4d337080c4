"""Which addresses are connected to: those on the Internet, and no others however they are written."""

import ipaddress
import socket
import time
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.dialing import dial, is_public
from privyseal.errors import ErrorCode, PrivySealError

# The IANA special-purpose registries (RFC 6890), metadata services of clouds, and what carries them inside.
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001:db8::1",
    "2001:2::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:5601:5601",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_somebodys_own_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_on_the_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_as_public_as_by_itself(inner: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(inner))
        assert is_public(outer) == is_public(inner)


def test_many_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns a name may give it any number of addresses at which nobody answers."""
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("0.0.0.0", 0))  # every address of loopback
        deaf.listen(0)
        port = deaf.getsockname()[1]
        for _ in range(4):  # its queue is full then, and nobody is let in
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", port)) for n in range(2, 22)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        began = time.monotonic()
        with pytest.raises(PrivySealError) as refusal:
            dial("many.example", port, allow_private=True, seconds=0.5)
        assert refusal.value.code is ErrorCode.UNAVAILABLE
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"]
)
def test_every_spelling_of_loopback_is_refused(host: str) -> None:
    """Whatever the resolver makes of it is checked: nothing is connected to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with pytest.raises(PrivySealError, match="allow-private") as refusal:
            dial(host, listener.getsockname()[1], allow_private=False, seconds=2)
        assert refusal.value.code is ErrorCode.INVALID_ARGUMENT
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_with_permission_it_is_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dial("localhost", listener.getsockname()[1], allow_private=True, seconds=2).close()
        listener.accept()[0].close()


def answer(*addresses: str) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 9)) for each in addresses]


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer("1.1.1.1", "10.0.0.1"))
    with pytest.raises(PrivySealError, match="allow-private"):
        dial("both.example", 9, allow_private=False, seconds=2)


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers the check and then something else (rebinding) is asked once only."""
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return answer("1.1.1.1" if len(asked) == 1 else "127.0.0.1")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: connected.append(address))
    dial("rebinding.example", 9, allow_private=False, seconds=2).close()
    assert (asked, connected) == (["rebinding.example"], [("1.1.1.1", 9)])


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 300, "bad..name"])
def test_a_name_without_an_address_is_tried_again_later(host: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        dial(host, 9, allow_private=False, seconds=2)
    assert refusal.value.code is ErrorCode.UNAVAILABLE


def test_a_port_where_nobody_listens_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PrivySealError, match="does not answer") as refusal:
        dial("127.0.0.1", port, allow_private=True, seconds=2)
    assert refusal.value.code is ErrorCode.UNAVAILABLE
