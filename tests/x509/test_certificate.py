"""Certificates from elsewhere: what the strict reader refuses although others may only warn."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privyseal.x509 import der
from privyseal.x509.certificate import MAX_CERTIFICATE, MAX_EXTENSIONS, read_certificate
from privyseal.x509.csr import parse_der
from privyseal.x509.refusal import RefusalError
from tests.x509 import forge, hierarchy
from tests.x509.forge import dns, extension, request, san, seq, tlv


def leaf() -> bytes:
    asked = parse_der(forge.csr(attributes=[request(san(dns("a.example")))]))
    return hierarchy.issue(hierarchy.root(), "EndEntityCertificate", asked)


LEAF = leaf()


def changed(**fields: bytes) -> bytes:
    """The leaf with some of its fields replaced; its signature no longer fits, which reading leaves open."""
    outer = der.single(LEAF, der.SEQUENCE).children()
    names = ["version", "serial", "algorithm", "issuer", "validity", "subject", "spki", "extensions"]
    parts = {name: part.raw for name, part in zip(names, outer[0].children(), strict=True)}
    outside = fields.pop("outside", fields.get("algorithm", outer[1].raw))
    return seq(seq(*(parts | fields).values()), outside, outer[2].raw)


def with_extensions(*extensions: bytes) -> bytes:
    return changed(extensions=tlv(0xA3, seq(*extensions)))


ECDSA_WITH_NULL = seq(forge.oid("1.2.840.10045.4.3.2"), b"\x05\x00")
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "version 1": (lambda: changed(version=b""), "version 3"),
    "version 2": (lambda: changed(version=tlv(0xA0, b"\x02\x01\x01")), "version 3"),
    "a negative serial number": (lambda: changed(serial=b"\x02\x01\x80"), "serial number"),
    "serial number zero": (lambda: changed(serial=b"\x02\x01\x00"), "serial number"),
    "a serial number of 21 octets": (lambda: changed(serial=tlv(2, b"\x00" + b"\xff" * 20)), "serial number"),
    "two signature algorithms": (lambda: changed(outside=forge.RSA_SHA256), "two signature algorithms"),
    "an ECDSA identifier with NULL": (lambda: changed(algorithm=ECDSA_WITH_NULL), "parameters"),
    "an empty signature algorithm": (lambda: changed(algorithm=seq()), "parameters"),
    "an extension twice": (
        lambda: with_extensions(*[extension("1.2.3.4", b"\x05\x00")] * 2),
        "an extension twice",
    ),
    "65 extensions": (
        lambda: with_extensions(*(extension(f"1.2.3.{n}", b"\x05\x00") for n in range(MAX_EXTENSIONS + 1))),
        "more than 64 extensions",
    ),
    "a subject with a NUL": (lambda: changed(subject=forge.cn("a\x00b")), "control character"),
    "an issuer that is a string": (lambda: changed(issuer=tlv(0x0C, b"Root")), "DER|tag 0x"),
    "no signature": (
        lambda: seq(*(e.raw for e in der.single(LEAF, der.SEQUENCE).children()[:2])),
        "signature",
    ),
    "32,769 octets": (lambda: b"\x30" * (MAX_CERTIFICATE + 1), "32769 octets"),
    "a date that is none": (
        lambda: changed(validity=seq(tlv(0x17, b"261321000000Z"), tlv(0x17, b"271121000000Z"))),
        "well-formed",
    ),
}


def test_an_unchanged_certificate_is_read() -> None:
    """So the changes below are what is refused."""
    assert changed() == LEAF
    assert read_certificate(changed()).subject.text == "CN=device-1"


@pytest.mark.parametrize("row", REFUSED)
def test_a_certificate_that_breaks_rfc_5280_is_refused(row: str) -> None:
    make, reason = REFUSED[row]
    with pytest.raises(RefusalError, match=reason):
        read_certificate(make())


@example(position=15, value=128)  # a negative serial number, of which `cryptography` only warns
@given(position=st.integers(0, len(LEAF) - 1), value=st.integers(0, 255))
def test_any_damaged_octet_is_read_or_refused_and_nothing_else(position: int, value: int) -> None:
    damaged = bytearray(LEAF)
    damaged[position] = value
    try:
        certificate = read_certificate(bytes(damaged))
    except RefusalError:
        return
    assert 0 < certificate.serial < 1 << 159
