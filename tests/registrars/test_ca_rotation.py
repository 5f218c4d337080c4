"""`privyseal device rotate-ca` with AWS IoT Core in two regions: both know the new authority
before it issues.
"""

import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from privyseal.agent.device import Device
from privyseal.agent.folder import DeviceFolder
from privyseal.agent.provisioning import Provisioning
from privyseal.client.transport import Transport
from tests.registrars.between import Between
from tests.registrars.registry import Registry
from tests.service import Service, patience

REGIONS = ("us-east-1", "eu-central-1")


def reach(service: Service, rotation: str, state: str) -> dict[str, Any]:
    end = time.monotonic() + patience(60)
    while True:
        found = service.environment.client().rest("GET", f"/ca-rotations/{rotation}")
        if found["state"] == state:
            return dict(found)
        assert time.monotonic() < end, found
        time.sleep(0.1)


def revoked_in(aws: Between, certificate_id: str) -> set[str]:
    return {
        call.region
        for call in list(aws.calls)
        if call.operation == "UpdateCertificate" and call.params["certificateId"] == certificate_id
    }


def test_every_region_knows_the_new_authority_first_and_loses_the_old_certificates_last(
    tmp_path: Path, aws: Between, registry: Registry
) -> None:
    config = tmp_path / "privyseal.toml"
    config.write_text(
        f"""
[devices]
registrars = ["iot"]

[registrars.iot]
type = "aws-iot"
regions = {list(REGIONS)}
endpoint-url = "{aws.url}"
"""
    )
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    service = Service(tmp_path / "data", "--config", str(config), **keys).start()
    try:
        client = service.environment.client()
        folder = DeviceFolder(tmp_path / "device", "sensor")
        device = Device(folder, Provisioning(Transport(service.url), patience=30))
        row = {"device_id": "sensor", "public_key": folder.public_key_pem}
        client.rest("POST", "/devices", {"devices": [row]})
        device.enrol()
        old = x509.load_pem_x509_certificate(folder.certificate.read_bytes())
        seen = len(aws.calls)

        rotation = client.rest("POST", "/ca-rotations", {})["id"]
        paused = reach(service, rotation, "PAUSED")
        calls = [(call.region, call.operation) for call in list(aws.calls)[seen:]]
        steps = ("DescribeCACertificate", "GetRegistrationCode", "RegisterCACertificate")
        assert [call for call in calls if "CACertificate" in call[1] or "RegistrationCode" in call[1]] == [
            (region, step) for region in REGIONS for step in steps
        ]
        asked = {"CertificateAuthorityArn": paused["new_authority_arn"]}
        new = str(client.call("GetCertificateAuthorityCertificate", asked)["Certificate"])
        for region in REGIONS:
            assert registry.authority(region, new)["status"] == "ACTIVE"

        client.rest("POST", f"/ca-rotations/{rotation}/resume", {})
        reach(service, rotation, "COMPLETED")
        seen = len(aws.calls)
        device.rotate()
        told = [call for call in list(aws.calls)[seen:] if call.operation == "RegisterCertificate"]
        assert [call.region for call in told] == list(REGIONS)
        for call in told:
            issued = x509.load_pem_x509_certificate(call.params["certificatePem"].encode())
            issued.verify_directly_issued_by(x509.load_pem_x509_certificate(new.encode()))
        old_id = old.fingerprint(hashes.SHA256()).hex()
        end = time.monotonic() + patience(60)
        while revoked_in(aws, old_id) != set(REGIONS):
            assert time.monotonic() < end, [call.operation for call in aws.calls]
            time.sleep(0.2)
        assert service.stop() == 0, service.log.read_text()
    finally:
        service.kill()
