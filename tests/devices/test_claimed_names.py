"""A registered key does not speak for other hosts: which alternative names a device may have."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.devices.claimed_names import ANY, OWN, check_names
from privyseal.devices.model import Device
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.csr import Csr, parse_pem
from tests.devices.deployment import ACCOUNT, START

KEY = ec.generate_private_key(ec.SECP256R1())
DEVICE = Device(ACCOUNT, "Sensor-7", b"", START)


def csr_for(*names: x509.GeneralName) -> Csr:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DEVICE.id)])
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return parse_pem(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    "names",
    [
        (),
        (x509.DNSName("Sensor-7"),),
        (x509.DNSName("sensor-7"),),
        (x509.DNSName("sensor-7.plant.example"), x509.DNSName("SENSOR-7.local")),
    ],
)
def test_a_device_may_have_its_own_names(names: tuple[x509.GeneralName, ...]) -> None:
    check_names(DEVICE, csr_for(*names), OWN)


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("bank.example"),
        x509.DNSName("sensor-70.example"),
        x509.DNSName("www.sensor-7.example"),
        x509.DNSName("*.example"),
        x509.RFC822Name("sensor-7@example.com"),
        x509.UniformResourceIdentifier("spiffe://example/sensor-7"),
    ],
)
def test_a_name_that_is_not_its_own_is_refused_even_beside_one_that_is(name: x509.GeneralName) -> None:
    with pytest.raises(PrivySealError) as caught:
        check_names(DEVICE, csr_for(x509.DNSName("sensor-7"), name), OWN)
    assert caught.value.code is ErrorCode.ACCESS_DENIED


def test_the_setting_any_leaves_names_to_the_template() -> None:
    check_names(DEVICE, csr_for(x509.DNSName("bank.example")), ANY)
