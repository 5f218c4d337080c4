"""Two deployments under one root, each with its region and its own issuing authority; AWS IoT Core in both.

Each speaks to AWS through a proxy of its own, which can cut it off from the other's region.
"""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.cli.main import run
from privyseal.client.certificates import request_certificate, wait_for_certificate
from tests.devices.deployment import key_pem
from tests.devices.requests import csr
from tests.registrars.between import Between
from tests.service import Service

REGIONS = ("eu-central-1", "us-east-1")
KEY = ec.generate_private_key(ec.SECP256R1())
CONFIG = """
[devices]
authority = "{authority}"
registrars = ["iot"]
device-rate = 0

[registrars.iot]
type = "aws-iot"
regions = ["eu-central-1", "us-east-1"]
endpoint-url = "{url}"
policy = "fleet"
required = "home"
"""
SECRETS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Site:
    """One deployment; `authority` is its issuing one."""

    def __init__(self, folder: Path, region: str, aws: Between) -> None:
        self.region = region
        self.aws = aws
        self.service = Service(folder / region, "--region", region, **SECRETS)

    def start(self, root: "Site | None" = None) -> None:
        """With an issuing authority of its own, under the root of the other."""
        self.service.start()
        self.authority = str(self.service.environment.issuing_ca_arn)
        if root is not None:
            self.authority = issuing_authority(self.service, root.service)
        config = CONFIG.format(authority=self.authority, url=self.aws.url)
        (self.service.data_dir / "privyseal.toml").write_text(config)
        assert self.service.stop() == 0
        self.service.start()

    def cut_off(self, region: str) -> None:
        self.aws.verdict = lambda _, call: "drop" if call.region == region else "pass"

    def reconnect(self) -> None:
        self.aws.verdict = lambda _number, _call: "pass"

    def command(self, *words: str) -> int:
        return run(["device", *words, "--data-dir", str(self.service.data_dir)])

    def register_authority(self) -> int:
        named = [word for region in REGIONS for word in ("--region", region)]
        return self.command("register-ca", *named, "--ca", self.authority, "--endpoint-url", self.aws.url)

    def rest(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.service.environment.client().rest(method, path, body)

    def behind(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest("GET", "/registrations")["registrations"]
        return found

    def register(self, *device_ids: str) -> None:
        rows = [{"device_id": each, "public_key": key_pem(KEY.public_key())} for each in device_ids]
        assert self.rest("POST", "/devices", {"devices": rows})["imported"] == len(rows)

    def enrol(self, device_id: str) -> dict[str, str]:
        header = base64.b64encode(csr(KEY, device_id)).decode()
        request = Request(f"{self.service.url}/new", b"", {"device-csr": header}, method="POST")
        with urlopen(request, timeout=60) as reply:
            answer: dict[str, str] = json.loads(reply.read())
            return answer


def issuing_authority(service: Service, root: Service) -> str:
    """One of `service`, certified by the root of another."""
    here, there = service.environment.client(), root.environment.client()
    parent = str(root.environment.root_ca_arn)
    configuration = {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": f"Issuing {service.data_dir.name}"},
    }
    asked = {
        "CertificateAuthorityType": "SUBORDINATE",
        "CertificateAuthorityConfiguration": configuration,
    }
    this = {
        "CertificateAuthorityArn": here.call("CreateCertificateAuthority", asked)["CertificateAuthorityArn"]
    }
    request = str(here.call("GetCertificateAuthorityCsr", this)["Csr"]).encode()
    arn = request_certificate(
        there,
        certificate_authority_arn=parent,
        csr=request,
        validity={"Type": "DAYS", "Value": 365},
        signing_algorithm="SHA256WITHECDSA",
        template_arn="arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1",
    )
    issued = wait_for_certificate(there, parent, arn)
    blobs = {"Certificate": issued.certificate.encode(), "CertificateChain": issued.chain.encode()}
    here.call("ImportCertificateAuthorityCertificate", this | blobs)
    return str(this["CertificateAuthorityArn"])
