"""Object identifiers without end: refused as malformed, and at once."""

import time

import pytest

from privyseal.x509 import der
from privyseal.x509.extensions import Extension
from privyseal.x509.second_reader import others_can_read


@pytest.mark.parametrize("octets", [65, 5_000, 30_000])
def test_an_endless_arc_is_refused_before_it_is_read(octets: int) -> None:
    element = der.single(der.tlv(der.OID, b"\xff" * (octets - 1) + b"\x7f"), der.OID)
    started = time.perf_counter()
    with pytest.raises(der.DerError):
        der.read_oid(element)
    assert time.perf_counter() - started < 0.05


def test_the_longest_identifier_that_is_taken_is_read() -> None:
    assert der.read_oid(der.single(der.tlv(der.OID, b"\x2a" + b"\x01" * 63), der.OID)).startswith("1.2.1.1")


def test_a_tls_feature_without_a_name_is_not_readable_and_no_crash() -> None:
    """RFC 7633 names status_request and its second version; others have no name in the second reader."""
    assert not others_can_read(Extension("1.3.6.1.5.5.7.1.24", False, bytes.fromhex("3003020163")))
