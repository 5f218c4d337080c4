"""Enrolment: who gets a certificate, who does not, and what the certificate says."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.x509.oid import NameOID

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.model import Device
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import ACCOUNT, START, Deployment, deployment, key_der
from tests.devices.requests import SigningKey, csr, subject

OWN = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()
ML_DSA_KEY = mldsa.MLDSA65PrivateKey.generate()
REGISTERED: Mapping[str, SigningKey] = {
    "sensor": OWN,
    "other": OTHER,
    "rsa": RSA_KEY,
    "ed25519": ED25519_KEY,
    "ml-dsa": ML_DSA_KEY,
    "K\u00fchlschrank": OWN,
    "x" * 64: OWN,
}


@pytest.fixture(scope="module", name="running")
def running_fixture() -> Iterator[tuple[Deployment, Enrolment]]:
    with deployment() as product:
        for device_id, key in REGISTERED.items():
            product.register(device_id, key.public_key())
        yield product, product.enrolment(product.issuer(product.hierarchy()))


def flipped(pem: bytes) -> bytes:
    """The last octet of the signature is another one."""
    der = bytearray(x509.load_pem_x509_csr(pem).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    return armour(bytes(der))


def with_key_of(pem: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The signed request, its public key replaced by that of `key` without signing anew."""
    der = x509.load_pem_x509_csr(pem).public_bytes(serialization.Encoding.DER)
    return armour(der.replace(key_der(OTHER.public_key()), key_der(key.public_key())))


def armour(der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n".encode()


def weak_exponent() -> bytes:
    """The registered modulus with another exponent: a key whose private half anybody could find."""
    numbers = RSA_KEY.private_numbers()
    for e in (3, 5, 17, 257):
        try:
            d = pow(e, -1, (numbers.p - 1) * (numbers.q - 1))
        except ValueError:
            continue
        public = rsa.RSAPublicNumbers(e, numbers.p * numbers.q)
        p, q = numbers.p, numbers.q
        private = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        return csr(private.private_key(), "rsa")
    pytest.fail("no small exponent fits")


MALFORMED, UNKNOWN, DENIED = ErrorCode.MALFORMED_CSR, ErrorCode.NOT_FOUND, ErrorCode.ACCESS_DENIED

# What the device sends (CSR, id) → what it is told.
REFUSED: Mapping[str, tuple[Callable[[], bytes], str, ErrorCode]] = {
    "no CSR": (lambda: b"", "sensor", MALFORMED),
    "not a CSR": (lambda: b"hello", "sensor", MALFORMED),
    "not a CSR, unknown id": (lambda: b"hello", "nobody", MALFORMED),
    "DER": (lambda: base64.b64decode(csr(OWN, "sensor").split(b"-----")[2]), "sensor", MALFORMED),
    "two CSRs": (lambda: csr(OWN, "sensor") * 2, "sensor", MALFORMED),
    "over the limit": (lambda: b"x" * 32_769 + csr(OWN, "sensor"), "sensor", MALFORMED),
    "broken signature": (lambda: flipped(csr(OWN, "sensor")), "sensor", MALFORMED),
    "the registered key, signed with another": (
        lambda: with_key_of(csr(OTHER, "sensor"), OWN),
        "sensor",
        MALFORMED,
    ),
    "same modulus, other exponent": (weak_exponent, "rsa", MALFORMED),
    "NUL in the common name": (lambda: csr(OWN, subject("sensor\x00.example")), "sensor", MALFORMED),
    "NUL after the common name": (lambda: csr(OWN, subject("sensor\x00")), "sensor", MALFORMED),
    "common name of 65 characters": (lambda: csr(OWN, subject("x" * 65)), "x" * 64, MALFORMED),
    "unknown id": (lambda: csr(OWN, "nobody"), "nobody", UNKNOWN),
    "unknown id, common name of a known one": (lambda: csr(OWN, "sensor"), "nobody", UNKNOWN),
    "empty id": (lambda: csr(OWN, "sensor"), "", UNKNOWN),
    "id in other case": (lambda: csr(OWN, "Sensor"), "Sensor", UNKNOWN),
    "id with a space": (lambda: csr(OWN, "sensor "), "sensor ", UNKNOWN),
    "id with NUL": (lambda: csr(OWN, "sensor"), "sensor\x00", UNKNOWN),
    "id with a lone surrogate": (lambda: csr(OWN, "sensor"), "sensor\ud800", UNKNOWN),
    "id with a Cyrillic letter": (lambda: csr(OWN, "sens\u043er"), "sens\u043er", UNKNOWN),
    "id of full-width letters": (lambda: csr(OWN, "\uff53ensor"), "\uff53ensor", UNKNOWN),
    "id in decomposed form": (lambda: csr(OWN, "Ku\u0308hlschrank"), "Ku\u0308hlschrank", UNKNOWN),
    "id of a megabyte": (lambda: csr(OWN, "sensor"), "x" * 1_000_000, UNKNOWN),
    "a key of its own making": (lambda: csr(OTHER, "sensor"), "sensor", DENIED),
    "a key of another kind": (lambda: csr(RSA_KEY, "sensor"), "sensor", DENIED),
    "another device's key and name": (lambda: csr(OTHER, "other"), "sensor", DENIED),
    "a wrong key and a wrong name": (lambda: csr(OTHER, "nobody"), "sensor", DENIED),
    "another device's name": (lambda: csr(OWN, "other"), "sensor", DENIED),
    "common name in other case": (lambda: csr(OWN, "SENSOR"), "sensor", DENIED),
    "common name with a space after it": (lambda: csr(OWN, "sensor "), "sensor", DENIED),
    "common name with a space before it": (lambda: csr(OWN, " sensor"), "sensor", DENIED),
    "common name with a Cyrillic letter": (lambda: csr(OWN, "sens\u043er"), "sensor", DENIED),
    "common name of full-width letters": (lambda: csr(OWN, "\uff53ensor"), "sensor", DENIED),
    "common name in decomposed form": (
        lambda: csr(OWN, "Ku\u0308hlschrank"),
        "K\u00fchlschrank",
        DENIED,
    ),
    "common name with more after it": (lambda: csr(OWN, "sensor.example"), "sensor", DENIED),
    "the name twice": (lambda: csr(OWN, subject("sensor", "sensor")), "sensor", DENIED),
    "two common names, the right one first": (
        lambda: csr(OWN, subject("sensor", "other")),
        "sensor",
        DENIED,
    ),
    "two common names, the right one last": (
        lambda: csr(OWN, subject("other", "sensor")),
        "sensor",
        DENIED,
    ),
    "no common name, an alternative name": (
        lambda: csr(OWN, subject(organization="sensor"), ["sensor"]),
        "sensor",
        DENIED,
    ),
    "no common name, an organization": (
        lambda: csr(OWN, subject(organization="sensor")),
        "sensor",
        DENIED,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_verdict(running: tuple[Deployment, Enrolment], case: str) -> None:
    product, enrolment = running
    make, device_id, expected = REFUSED[case]
    before = product.journal()
    with pytest.raises(PrivySealError) as caught:
        enrolment.enrol(make(), device_id, request_id="r")
    assert caught.value.code is expected
    assert len(caught.value.message) < 400
    assert re.fullmatch(r"[ -~]+", caught.value.message), "one line, whatever the device sent"
    assert product.journal() == before, "a refusal changes nothing"


@pytest.mark.parametrize("device_id", REGISTERED, ids=ascii)
def test_the_registered_key_and_the_id_as_name_get_a_certificate(
    running: tuple[Deployment, Enrolment], device_id: str
) -> None:
    key = REGISTERED[device_id]
    issued = running[1].enrol(csr(key, device_id), device_id, request_id="r")
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    assert key_der(certificate.public_key()) == key_der(key.public_key())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == device_id


def test_the_chain_leads_from_the_issuer_to_the_root(running: tuple[Deployment, Enrolment]) -> None:
    issued = running[1].enrol(csr(OWN, "sensor"), "sensor", request_id="r")
    leaf = x509.load_pem_x509_certificate(issued.certificate.encode())
    issuing, root = x509.load_pem_x509_certificates(issued.chain.encode())
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_the_serial_number_is_in_the_arn(running: tuple[Deployment, Enrolment]) -> None:
    issued = running[1].enrol(csr(OWN, "sensor"), "sensor", request_id="r")
    serial = x509.load_pem_x509_certificate(issued.certificate.encode()).serial_number
    assert issued.arn.endswith(f"/certificate/{serial:032x}")


def test_own_names_and_the_rest_of_the_subject_survive(running: tuple[Deployment, Enrolment]) -> None:
    request = csr(OWN, subject("sensor", organization="Line 7"), ["sensor.example"])
    issued = running[1].enrol(request, "sensor", request_id="r")
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    assert certificate.subject.rfc4514_string() == "CN=sensor,O=Line 7"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["sensor.example"]


def test_a_failed_proof_locks_nobody_out(running: tuple[Deployment, Enrolment]) -> None:
    _, enrolment = running
    for _ in range(50):
        with pytest.raises(PrivySealError):
            enrolment.enrol(csr(OTHER, "sensor"), "sensor", request_id="r")
    assert enrolment.enrol(csr(OWN, "sensor"), "sensor", request_id="r").arn


def test_a_registered_key_with_another_exponent_is_another_key(running: tuple[Deployment, Enrolment]) -> None:
    product, enrolment = running
    weak = rsa.RSAPublicNumbers(3, RSA_KEY.public_key().public_numbers().n).public_key()
    stored = Device(ACCOUNT, "weak", key_der(weak), START)
    product.store.transact(lambda tx: product.devices.insert_many(tx, ACCOUNT, [stored]))
    with pytest.raises(PrivySealError) as caught:
        enrolment.enrol(csr(RSA_KEY, "weak"), "weak", request_id="r")
    assert caught.value.code is ErrorCode.ACCESS_DENIED


def test_request_and_certificate_are_in_the_journal(product: Deployment) -> None:
    product.register("sensor", OWN.public_key())
    enrolment = product.enrolment(product.issuer(product.hierarchy()))
    issued = enrolment.enrol(csr(OWN, "sensor"), "sensor", request_id="request-7")
    asked, signed, noted = product.journal()[-3:]
    actions = [each["action"] for each in (asked, signed, noted)]
    assert actions == [
        "privyseal:RequestDeviceCertificate",
        "acm-pca:IssueCertificate",
        "privyseal:ProvisionDevice",
    ]
    for each in (asked, signed, noted):
        assert (each["principal"], each["request_id"]) == ("device:sensor", "request-7")
    assert noted["resource"] == asked["resource"] == "device/sensor"
    assert noted["detail"] == {"certificate_arn": issued.arn}


class Refusing:
    """An issuer that never issues."""

    def __init__(self, code: ErrorCode) -> None:
        self._code = code

    def issue(self, csr_pem: bytes, *, token: str, caller: object) -> IssuedDeviceCertificate:
        raise PrivySealError(self._code, "what the operator should know")


FOR_THE_DEVICE = {ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE}


@pytest.mark.parametrize("code", ErrorCode)
def test_a_wrong_set_up_of_the_issuer_is_not_told_to_the_device(product: Deployment, code: ErrorCode) -> None:
    product.register("sensor", OWN.public_key())
    with pytest.raises(PrivySealError) as caught:
        product.enrolment(Refusing(code)).enrol(csr(OWN, "sensor"), "sensor", request_id="r")
    if code in FOR_THE_DEVICE:
        assert caught.value.code is code
    else:
        assert caught.value.code is ErrorCode.UNAVAILABLE
        assert "operator should know" not in caught.value.message
