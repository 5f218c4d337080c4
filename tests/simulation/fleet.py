"""A fleet of the product's own devices against a running service."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from privyseal.agent.device import Device
from privyseal.agent.fleet import Progress
from privyseal.agent.folder import DeviceFolder
from privyseal.agent.provisioning import Provisioning
from privyseal.client.connection import Environment
from privyseal.client.transport import Transport
from tests.durability import evidence

CHUNK = 500


def folders(directory: Path, count: int) -> list[DeviceFolder]:
    return [DeviceFolder(directory / f"device-{n:04}", f"device-{n:04}") for n in range(count)]


def register(environment: Environment, fleet: Sequence[DeviceFolder]) -> None:
    """Their keys are made here."""
    client = environment.client()
    for start in range(0, len(fleet), CHUNK):
        some = fleet[start : start + CHUNK]
        rows = [{"device_id": each.device_id, "public_key": each.public_key_pem} for each in some]
        assert client.rest("POST", "/devices", {"devices": rows})["errors"] == []


def devices(url: str, fleet: Sequence[DeviceFolder], progress: Progress) -> list[Device]:
    asking = Provisioning(Transport(url), retried=progress.retried)
    return [Device(each, asking) for each in fleet]


def certificate(device: DeviceFolder) -> x509.Certificate:
    """Signed by the one after it, for the device's own key, in its name."""
    leaf, issuer = x509.load_pem_x509_certificates(device.certificate.read_bytes())
    leaf.verify_directly_issued_by(issuer)
    assert leaf.public_key() == device.private_key.public_key()
    assert leaf.subject.rfc4514_string() == f"CN={device.device_id}"
    return leaf


def serials_by_name(database: Path) -> dict[str, list[int]]:
    """Of every certificate that the service has, by the common name that is in it."""
    found: dict[str, list[int]] = {}
    with evidence.opened(database) as opened:
        for row in opened.execute("SELECT der FROM certificate"):
            made = x509.load_der_x509_certificate(row["der"])
            name = str(made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
            found.setdefault(name, []).append(made.serial_number)
    return found
