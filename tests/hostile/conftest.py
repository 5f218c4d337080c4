"""One service for all hostile requests, and a look at its database from outside."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.hostile.wire import World
from tests.service import Service
from tests.stored import State

DEVICE = "sensor-hostile"


@pytest.fixture(scope="session", name="hostile_service")
def hostile_service_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("hostile") / "data", "--log-level", "warning").start()
    yield running
    assert running.stop() == 0, running.log.read_text()
    output = running.log.read_text()
    assert "Traceback" not in output, output[-5000:]
    assert "request_failed" not in output, output[-5000:]


@pytest.fixture(scope="session")
def world(hostile_service: Service) -> World:
    return world_of(hostile_service)


def world_of(service: Service) -> World:
    """With a device that is registered and a certificate that is issued."""
    environment = service.environment
    assert environment.issuing_ca_arn
    assert environment.root_ca_arn
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    client = environment.client()
    row = {"device_id": DEVICE, "public_key": pem.decode()}
    assert client.rest("POST", "/devices", {"devices": [row]})["imported"] == 1
    csr = _csr(key, DEVICE)
    issued = {
        "CertificateAuthorityArn": environment.issuing_ca_arn,
        "Csr": csr.encode(),
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Validity": {"Type": "DAYS", "Value": 1},
    }
    arn = client.call("IssueCertificate", issued)["CertificateArn"]
    return World(
        environment=environment,
        issuer=environment.issuing_ca_arn,
        root=environment.root_ca_arn,
        certificate=arn,
        device_id=DEVICE,
        device_csr=csr,
        foreign_csr=_csr(other, DEVICE),
        wrong_name_csr=_csr(key, "sensor-other"),
    )


@pytest.fixture(scope="session")
def state(hostile_service: Service, world: World) -> Iterator[State]:
    """Made after the world is complete."""
    assert world
    with closing(State(hostile_service.data_dir / "privyseal.db")) as opened:
        yield opened


def _csr(key: ec.EllipticCurvePrivateKey, common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()
