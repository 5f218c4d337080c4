"""OCSP requests and responses as values, judged by `cryptography`, openssl and pkilint."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.x509 import der, ocsp_request, ocsp_response
from privyseal.x509.algorithms import KEY_ALGORITHMS, SIGNING_ALGORITHMS, generate_key, signing_algorithm
from privyseal.x509.der import DerError
from privyseal.x509.ocsp_request import MAX_CERT_IDS, MAX_NONCE, MAX_SIZE, NONCE, SHA1, SHA256, parse
from privyseal.x509.ocsp_response import Failure, Good, Revoked, SingleResponse, Unknown
from tests.ocsp import judges, wire

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(key: object = KEY, *, serial: int = 77, digest: hashes.HashAlgorithm | None = None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Responder")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(serial)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=7))
    )
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


CERTIFICATE = x509.load_der_x509_certificate(certificate())


def nonce(octets: bytes, *, critical: bool = False, wrapped: bool = True) -> bytes:
    value = der.tlv(der.OCTET_STRING, octets) if wrapped else octets
    return extension(NONCE, value, critical=critical)


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = [der.boolean(True)] if critical else []
    return der.sequence(der.oid(oid), *flag, der.tlv(der.OCTET_STRING, value))


def extensions(*each: bytes) -> bytes:
    return der.tlv(0xA2, der.sequence(*each))


def cert_id(serial: int = 77, oid: str = SHA1) -> bytes:
    return wire.cert_id(serial, CERTIFICATE, oid)


def request(*cert_ids: bytes, more: tuple[bytes, ...] = (), before: tuple[bytes, ...] = ()) -> bytes:
    listed = der.sequence(*map(der.sequence, cert_ids or (cert_id(),)))
    return der.sequence(der.sequence(*before, listed, *more))


@pytest.mark.parametrize(("algorithm", "oid"), [(hashes.SHA1(), SHA1), (hashes.SHA256(), SHA256)])
def test_a_request_made_by_others_is_read(algorithm: hashes.HashAlgorithm, oid: str) -> None:
    """Hashes, serial number and nonce are those that `cryptography` has put in."""
    asked = wire.request(CERTIFICATE, CERTIFICATE, algorithm=algorithm, nonce=b"n" * 16)
    for found in (parse(asked), parse(asked)):  # the second one by its shape
        (found_id,) = found.cert_ids
        theirs = ocsp.load_der_ocsp_request(asked)
        assert found_id.issuer == (oid, theirs.issuer_name_hash, theirs.issuer_key_hash)
        assert found_id.serial == theirs.serial_number == 77
        assert found_id.raw == cert_id(oid=oid)
        assert found.nonce == nonce(b"n" * 16)


def test_what_openssl_asks_is_read(tmp_path: Path) -> None:
    """Several certificates, one nonce."""
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(CERTIFICATE.public_bytes(Encoding.PEM))
    command = ["openssl", "ocsp", "-issuer", str(pem), "-cert", str(pem), "-sha256", "-serial", "0x1234"]
    subprocess.run([*command, "-reqout", str(tmp_path / "r")], check=True, capture_output=True)
    found = parse((tmp_path / "r").read_bytes())
    assert [each.serial for each in found.cert_ids] == [77, 0x1234]
    assert found.nonce


def test_optional_members_are_read_over() -> None:
    """Version 1 written out, a requestor's name, a signature, extensions of no importance."""
    name = der.tlv(0xA1, der.tlv(0xA4, der.sequence()))
    signature = der.tlv(0xA0, der.sequence(der.sequence(der.oid("1.2.3")), der.bit_string(b"x")))
    plain = extension("1.2.3.4", b"anything")
    body = request(before=(der.tlv(0xA0, der.integer(0)), name), more=(extensions(plain, nonce(b"1")),))
    signed = der.sequence(der.single(body, der.SEQUENCE).content, signature)
    single = der.tlv(0xA0, der.sequence(extension("1.2.3.5", b"")))
    listed = der.sequence(der.sequence(cert_id(), single))
    for data, expected in (
        (body, nonce(b"1")),
        (signed, nonce(b"1")),
        (der.sequence(der.sequence(listed)), None),
    ):
        found = parse(data)
        assert [each.raw for each in found.cert_ids] == [cert_id()]
        assert found.nonce == expected


@pytest.mark.parametrize(
    "data",
    {
        "empty": b"",
        "no request": der.sequence(),
        "no list": der.sequence(der.sequence()),
        "an empty list": der.sequence(der.sequence(der.sequence())),
        "trailing octets": request() + b"\x00",
        "octets after the list": der.sequence(
            der.sequence(der.sequence(der.sequence(cert_id()))), b"\x05\x00"
        ),
        "version 2": request(before=(der.tlv(0xA0, der.integer(1)),)),
        "too many certificates": request(*[cert_id(n) for n in range(1, MAX_CERT_IDS + 2)]),
        "too large": request(more=(extensions(extension("1.2.3", bytes(MAX_SIZE))),)),
        "an empty nonce": request(more=(extensions(nonce(b"")),)),
        "a long nonce": request(more=(extensions(nonce(bytes(MAX_NONCE + 1))),)),
        "a nonce that is no octet string": request(more=(extensions(nonce(b"12345", wrapped=False)),)),
        "two nonces": request(more=(extensions(nonce(b"1"), nonce(b"2")),)),
        "an unknown critical extension": request(more=(extensions(extension("1.2.3", b"", critical=True)),)),
        "a critical nonce on one certificate": der.sequence(
            der.sequence(
                der.sequence(der.sequence(cert_id(), der.tlv(0xA0, der.sequence(nonce(b"1", critical=True)))))
            )
        ),
        "no extension in the list": request(more=(extensions(),)),
        "extensions twice": request(more=(extensions(nonce(b"1")), extensions(nonce(b"2")))),
        "a hash with parameters": request(cert_id().replace(b"\x05\x00", b"\x04\x00")),
        "a hash without an identifier": request(der.sequence(der.sequence(), *3 * [der.tlv(4)])),
        "a serial number that is padded": request(cert_id()[:-3] + b"\x02\x01\x00\x4d"),
        "three members of a CertID": request(der.sequence(der.sequence(der.oid(SHA1)), *2 * [der.tlv(4)])),
        "a long form of a length": b"\x30\x81" + request()[1:],
    }.items(),
    ids=lambda each: each[0],
)
def test_what_is_no_request_is_refused(data: tuple[str, bytes]) -> None:
    with pytest.raises(DerError):
        parse(data[1])


def test_the_limits_themselves_are_within() -> None:
    most = request(
        *[cert_id(n) for n in range(1, MAX_CERT_IDS + 1)], more=(extensions(nonce(bytes(MAX_NONCE))),)
    )
    assert len(parse(most).cert_ids) == MAX_CERT_IDS


octets = st.binary(min_size=20, max_size=20)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([SHA1, SHA256]),
    st.integers(0, 2**160),
    st.one_of(st.none(), st.binary(min_size=1, max_size=32)),
    st.integers(0, 120),
    st.binary(min_size=1, max_size=3),
)
def test_what_is_read_by_its_shape_is_what_is_read_in_full(
    oid: str, serial: int, sent: bytes | None, position: int, changed: bytes
) -> None:
    """Also where octets were changed: the short way says the same as the long one or nothing."""
    data = request(cert_id(serial, oid), more=(extensions(nonce(sent)),) if sent else ())
    mutated = data[:position] + changed + data[position + len(changed) :]
    for each in (data, mutated, data):
        try:
            expected = ocsp_request._parse(each)
        except DerError:
            with pytest.raises(DerError):
                parse(each)
        else:
            assert parse(each) == expected


def test_a_copy_of_a_cert_id_in_an_extension_is_not_taken_for_it() -> None:
    """The octets of the last CertID of a request count, not what an extension repeats of it."""
    single = der.tlv(0xA0, der.sequence(extension("1.2.3", cert_id())))
    data = der.sequence(der.sequence(der.sequence(der.sequence(cert_id(), single))))
    other = data[:-1] + b"\x4e"  # the copy says 78
    for each in (data, other, data):
        assert [found.serial for found in parse(each).cert_ids] == [77]


def signed(
    name: str, *singles: SingleResponse, with_nonce: bytes | None = None
) -> tuple[bytes, x509.Certificate]:
    """A response by a fresh key that suits the signing algorithm."""
    algorithm = signing_algorithm(name)
    kind = next(
        k.name for k in KEY_ALGORITHMS.values() if algorithm.family == k.family != "ML-DSA" or k.name == name
    )
    key = generate_key(kind)
    made = certificate(key) if kind != name else _ml_dsa_certificate(key, name)
    responder = ocsp_response.responder(made, key, algorithm)
    return ocsp_response.sign(responder, singles, NOW, with_nonce), x509.load_der_x509_certificate(made)


def _ml_dsa_certificate(key: object, name: str) -> bytes:
    """`cryptography` signs ML-DSA certificates without naming a hash."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=7))
    )
    return builder.sign(key, None).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def single(status: ocsp_response.Status, serial: int = 77) -> SingleResponse:
    return SingleResponse(cert_id(serial), status, NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize("name", SIGNING_ALGORITHMS)
def test_a_response_is_signed_with_every_algorithm(name: str, tmp_path: Path) -> None:
    """Others find the signature valid and the responder by its key."""
    response, responder = signed(name, single(Good()))
    found = ocsp.load_der_ocsp_response(response)
    assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert found.serial_number == 77
    assert found.certificates == [responder]
    if signing_algorithm(name).family == "ML-DSA":  # openssl 3.0 has none
        judges.verify(found, responder.public_key())
    else:
        judges.openssl_verifies(tmp_path, response, responder)
    assert not judges.findings(response)


def test_each_status_is_said_as_it_is() -> None:
    singles = [
        single(Good(), 1),
        single(Revoked(NOW - timedelta(days=1), 1), 2),
        single(Revoked(NOW - timedelta(days=2)), 3),
        single(Revoked(NOW, 6), 4),
        single(Unknown(), 5),
    ]
    response, _ = signed("SHA256WITHECDSA", *singles, with_nonce=nonce(b"n" * 32))
    found = ocsp.load_der_ocsp_response(response)
    said = [
        (
            each.serial_number,
            each.certificate_status.name,
            each.revocation_reason and each.revocation_reason.name,
        )
        for each in found.responses
    ]
    assert said == [
        (1, "GOOD", None),
        (2, "REVOKED", "key_compromise"),
        (3, "REVOKED", None),  # `unspecified` is left out, as RFC 5280 §5.3.1 wants it of CRLs
        (4, "REVOKED", "certificate_hold"),
        (5, "UNKNOWN", None),
    ]
    assert [each.revocation_time_utc for each in found.responses][1:3] == [
        NOW - timedelta(days=1),
        NOW - timedelta(days=2),
    ]
    for each in found.responses:
        assert (each.this_update_utc, each.next_update_utc) == (NOW, NOW + timedelta(hours=1))
    assert found.produced_at_utc == NOW
    (sent,) = found.extensions
    assert sent.value == x509.OCSPNonce(b"n" * 32)
    assert not judges.findings(response)


@pytest.mark.parametrize("status", Failure)
def test_a_failure_is_a_response_without_an_answer(status: Failure) -> None:
    found = ocsp.load_der_ocsp_response(ocsp_response.failure(status))
    assert found.response_status.name == status.name


def test_times_after_2049_are_generalized_too() -> None:
    late = datetime(2050, 1, 1, tzinfo=UTC)
    response, _ = signed(
        "SHA256WITHECDSA", SingleResponse(cert_id(), Good(), late, late + timedelta(hours=1))
    )
    found = ocsp.load_der_ocsp_response(response)
    assert found.this_update_utc == late


def test_shapes_that_strangers_send_take_no_place_for_ever() -> None:
    """The last ones read in full are known, the oldest forgotten: of each length, and of all lengths."""

    def asked(size: int, number: int = 4) -> bytes:
        serial = der.tlv(der.INTEGER, bytes((1, *(size - 1) * (number,))))
        algorithm = der.sequence(der.oid(SHA1), der.tlv(der.NULL))
        cert_id = der.sequence(algorithm, *2 * (der.tlv(der.OCTET_STRING, bytes(20)),), serial)
        version = der.tlv(0xA0, der.tlv(der.INTEGER, b"\0"))
        plain = der.sequence(der.sequence(der.sequence(der.sequence(cert_id))))
        return plain if number else der.sequence(der.sequence(version, der.sequence(der.sequence(cert_id))))

    def of_length(size: int) -> bytes:
        """A requestor's name of that size makes another length."""
        cert_id = der.single(asked(8), der.SEQUENCE).children()[0].children()[0]
        name = der.tlv(0xA1, der.tlv(0x82, bytes(size)))
        return der.sequence(der.sequence(name, cert_id.raw))

    def known(data: bytes) -> bool:
        shape = ocsp_request._shapes.get(len(data))
        return bool(shape and shape.read(data))

    for size in range(1, ocsp_request._MAX_SHAPES + 20):  # of as many lengths
        parse(of_length(size))
    assert len(ocsp_request._shapes) == ocsp_request._MAX_SHAPES
    strange, ours = asked(10, 0), asked(15)
    assert len(strange) == len(ours)
    for each in (ours, strange, ours):
        assert parse(each) == parse(each)
        assert known(each)
    long = asked(300)
    assert parse(long) == parse(long)
