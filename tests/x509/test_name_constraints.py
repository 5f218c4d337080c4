"""What may be named below a constrained CA: our answer, and that of `openssl verify` on the same names."""

import ipaddress
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from privyseal.x509.certificate import read_certificate
from privyseal.x509.name_constraints import broken_constraint, read_name_constraints
from privyseal.x509.refusal import RefusalError
from tests.programs import program
from tests.x509 import forge

NOW = datetime.now(UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
ADDRESS = ipaddress.ip_address
NETWORK = ipaddress.ip_network


def dns(name: str) -> x509.GeneralName:
    return x509.DNSName(name)


def mail(name: str) -> x509.GeneralName:
    return x509.RFC822Name(name)


def uri(name: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(name)


def ip(name: str) -> x509.GeneralName:
    return x509.IPAddress(NETWORK(name) if "/" in name else ADDRESS(name))


def directory(organization: str) -> x509.GeneralName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]))


def other(kind: str) -> x509.GeneralName:
    return x509.OtherName(ObjectIdentifier(kind), b"\x0c\x01a")


ALLOWED, FORBIDDEN = True, False
Row = tuple[list[x509.GeneralName], list[x509.GeneralName], x509.GeneralName, bool]

# permitted, excluded, the alternative name of a certificate, what comes of it
AGREED: dict[str, Row] = {
    "a host below": ([dns("a.example")], [], dns("b.a.example"), ALLOWED),
    "the host itself": ([dns("a.example")], [], dns("a.example"), ALLOWED),
    "another case": ([dns("A.example")], [], dns("b.a.EXAMPLE"), ALLOWED),
    "a host that ends alike": ([dns("a.example")], [], dns("ba.example"), FORBIDDEN),
    "a host above": ([dns("a.example")], [], dns("example"), FORBIDDEN),
    "one of two": ([dns("x.example"), dns("a.example")], [], dns("a.example"), ALLOWED),
    "a wildcard below": ([dns("a.example")], [], dns("*.a.example"), ALLOWED),
    "an excluded host": ([], [dns("a.example")], dns("b.a.example"), FORBIDDEN),
    "an excluded host in capitals": ([], [dns("A.example")], dns("B.a.EXAMPLE"), FORBIDDEN),
    "beside an excluded one": ([], [dns("a.example")], dns("b.example"), ALLOWED),
    "excluded within permitted": ([dns("example")], [dns("a.example")], dns("a.example"), FORBIDDEN),
    "a kind that is not constrained": ([dns("a.example")], [], mail("me@b.example"), ALLOWED),
    "a mailbox": ([mail("me@a.example")], [], mail("me@a.example"), ALLOWED),
    "another mailbox": ([mail("me@a.example")], [], mail("you@a.example"), FORBIDDEN),
    "a mailbox at the host": ([mail("a.example")], [], mail("me@a.example"), ALLOWED),
    "a mailbox below the host": ([mail("a.example")], [], mail("me@b.a.example"), FORBIDDEN),
    "a mailbox in the domain": ([mail(".a.example")], [], mail("me@b.a.example"), ALLOWED),
    "an excluded mailbox": ([], [mail("a.example")], mail("me@A.example"), FORBIDDEN),
    "a URI at the host": ([uri("a.example")], [], uri("http://a.example/x"), ALLOWED),
    "a URI elsewhere": ([uri("a.example")], [], uri("http://b.example/a.example"), FORBIDDEN),
    "a URI in the domain": ([uri(".a.example")], [], uri("http://b.a.example:80/"), ALLOWED),
    "an excluded URI": ([], [uri("a.example")], uri("http://a.example"), FORBIDDEN),
    "an address within": ([ip("10.0.0.0/8")], [], ip("10.1.2.3"), ALLOWED),
    "an address outside": ([ip("10.0.0.0/8")], [], ip("11.1.2.3"), FORBIDDEN),
    "an excluded address": ([], [ip("10.0.0.0/8")], ip("10.1.2.3"), FORBIDDEN),
    "an address of version 6": ([ip("2001:db8::/32")], [], ip("2001:db8::1"), ALLOWED),
    "the other version": ([ip("10.0.0.0/8")], [], ip("2001:db8::1"), FORBIDDEN),
}
# Where we say no and OpenSSL 3.0 says yes, each for a reason.
STRICTER: dict[str, Row] = {
    "a wildcard over an excluded host": ([], [dns("a.example")], dns("*.example"), FORBIDDEN),
    "an excluded mailbox in another case": ([], [mail("me@a.example")], mail("ME@a.example"), FORBIDDEN),
}


def chain(row: Row, **changes: str) -> tuple[bytes, bytes]:
    """The constrained CA and a certificate below it, neither made by us."""
    permitted, excluded, name, _ = row
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Constrained CA")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, changes.get("common_name", "a leaf"))])
    start = x509.CertificateBuilder().public_key(KEY.public_key()).issuer_name(issuer)
    start = start.not_valid_before(NOW - timedelta(hours=1)).not_valid_after(NOW + timedelta(days=1))
    constraints = x509.NameConstraints(permitted or None, excluded or None)
    ca = start.subject_name(issuer).serial_number(1).add_extension(constraints, critical=True)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    names = x509.SubjectAlternativeName([name])
    leaf = start.subject_name(subject).serial_number(2).add_extension(names, critical=False)
    signed = (each.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER) for each in (ca, leaf))
    return next(signed), next(signed)


def ours(ca: bytes, leaf: bytes) -> bool:
    constraints = read_certificate(ca).extensions["2.5.29.30"]
    certificate = read_certificate(leaf)
    found = [read_name_constraints(constraints.value)]
    return broken_constraint(found, certificate.subject, certificate.extensions.get("2.5.29.17")) is None


def openssl_verifies(folder: Path, leaf: bytes, ca: bytes) -> bool:
    """Its words are about the constraints, where it says no."""
    for name, der in (("leaf", leaf), ("ca", ca)):
        text = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(text)
    command = [program("openssl"), "verify", "-CAfile", f"{folder}/ca.pem", f"{folder}/leaf.pem"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 or "subtree violation" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("case", AGREED)
def test_openssl_says_the_same(case: str, tmp_path: Path) -> None:
    ca, leaf = chain(AGREED[case])
    assert ours(ca, leaf) is AGREED[case][3]
    assert openssl_verifies(tmp_path, leaf, ca) is AGREED[case][3]


@pytest.mark.parametrize("case", STRICTER)
def test_where_readers_differ_the_stricter_reading_counts(case: str) -> None:
    assert ours(*chain(STRICTER[case])) is FORBIDDEN


def test_a_common_name_that_could_be_a_host_counts_where_there_is_no_other_host() -> None:
    row: Row = ([dns("a.example")], [], mail("me@a.example"), FORBIDDEN)
    assert not ours(*chain(row, common_name="www.b.example"))
    assert ours(*chain(row, common_name="www.a.example"))
    assert ours(*chain(row, common_name="Not a host"))
    named: Row = ([dns("a.example")], [], dns("a.example"), ALLOWED)
    assert ours(*chain(named, common_name="www.b.example"))


def test_the_subject_is_a_name_too() -> None:
    """The leaf's subject has a common name and no organization."""
    assert not ours(*chain(([directory("Example")], [], dns("a.example"), FORBIDDEN)))
    assert ours(*chain(([], [directory("Example")], dns("a.example"), ALLOWED)))


@pytest.mark.parametrize("case", ["without a host", "with an address", "without an end"])
def test_a_uri_that_cannot_be_compared_is_refused_where_uris_are_constrained(case: str) -> None:
    name = {
        "without a host": "urn:example:a",
        "with an address": "http://10.0.0.1/",
        "without an end": "http://[a.example/",
    }[case]
    assert not ours(*chain(([uri("a.example")], [], uri(name), FORBIDDEN)))
    assert not ours(*chain(([], [uri("a.example")], uri(name), FORBIDDEN)))
    assert ours(*chain(([dns("a.example")], [], uri(name), ALLOWED)))


def test_a_kind_that_cannot_be_compared_is_refused_where_it_is_constrained() -> None:
    kind = "1.3.6.1.4.1.311.20.2.3"
    assert not ours(*chain(([other(kind)], [], other(kind), FORBIDDEN)))
    assert ours(*chain(([dns("a.example")], [], other(kind), ALLOWED)))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x04\x00",
        forge.seq(forge.tlv(0xA2, b"")),
        forge.seq(forge.tlv(0xA0, forge.seq(forge.dns("a"), forge.tlv(0x80, b"\x01")))),  # a minimum
        forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x87, bytes(4))))),  # an address without a mask
        forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x99, b"")))),
    ],
)
def test_malformed_constraints_are_refused(value: bytes) -> None:
    with pytest.raises(RefusalError):
        read_name_constraints(value)
