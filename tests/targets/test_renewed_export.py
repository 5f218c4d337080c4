"""A certificate is renewed, a rule with the document's pattern starts the document's handler, and what that
exports serves TLS: the whole service, boto3 and a handshake.
"""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.service import Service, patience
from tests.targets.document import HANDLER, INSTALLING, PASSPHRASE, PATTERN

WAIT_S = 60.0

RULE = """
log-level = "info"

[rules.renewed]
pattern = '''{pattern}'''
targets = ["document", "installing"]

[targets.document]
type = "python-handler"
file = "{folder}/document.py"

[targets.installing]
type = "python-handler"
file = "{folder}/installing.py"
environment = {{ INSTALL_IN = "{folder}" }}
"""


def wait_for(what: Callable[[], Any], service: Service) -> Any:
    until = time.monotonic() + patience(WAIT_S)
    while not (found := what()):
        assert time.monotonic() < until, service.log.read_text()[-6000:]
        time.sleep(0.1)
    return found


@pytest.fixture(name="service")
def service_fixture(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "data")
    made.start()
    try:
        yield made
    finally:
        made.kill()


def client(service: Service, name: str) -> Any:
    found = service.environment
    return boto3.client(
        name,
        endpoint_url=found.url,
        region_name=found.region,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
    )


def exported_certificate(service: Service) -> str:
    """The ARN of one that managed renewal looks after."""
    issuing = service.environment.issuing_ca_arn
    client(service, "acm-pca").create_permission(
        CertificateAuthorityArn=issuing,
        Principal="acm.amazonaws.com",
        Actions=["IssueCertificate", "GetCertificate", "ListPermissions"],
    )
    acm = client(service, "acm")
    arn = acm.request_certificate(DomainName="web.example.internal", CertificateAuthorityArn=issuing)[
        "CertificateArn"
    ]

    def is_issued() -> bool:
        status = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
        assert status in {"PENDING_VALIDATION", "ISSUED"}
        return bool(status == "ISSUED")

    wait_for(is_issued, service)
    acm.export_certificate(CertificateArn=arn, Passphrase=b"passphrase")
    return str(arn)


def serial(service: Service, arn: str) -> str:
    described = client(service, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return str(described["Serial"]).replace(":", "")


def output(service: Service, target: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "handler_output" and line["target"] == target]


def handshake(folder: Path, root: Path) -> x509.Certificate:
    """What a client that trusts only the service's root gets from a server with what was installed."""
    key = serialization.load_pem_private_key((folder / "key").read_bytes(), PASSPHRASE)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "plain").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    parts = [(folder / name).read_text().strip() for name in ("certificate", "chain")]
    (folder / "whole").write_text("\n".join(parts))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "whole", folder / "plain")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_S)

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.recv(1)

        server = threading.Thread(target=serve)
        server.start()
        trusting = ssl.create_default_context(cafile=str(root))
        with (
            socket.create_connection(listener.getsockname()) as raw,
            trusting.wrap_socket(raw, server_hostname="web.example.internal") as connection,
        ):
            seen = connection.getpeercert(binary_form=True)
            connection.sendall(b".")
        server.join()
    assert seen
    return x509.load_der_x509_certificate(seen)


def test_a_renewed_certificate_is_exported_by_the_documents_handler(service: Service, tmp_path: Path) -> None:
    arn = exported_certificate(service)
    first = serial(service, arn)
    assert service.stop() == 0
    (tmp_path / "document.py").write_text(HANDLER)
    (tmp_path / "installing.py").write_text(INSTALLING)
    rule = RULE.format(pattern=PATTERN.replace("ARN", arn), folder=tmp_path)
    (service.data_dir / "privyseal.toml").write_text(rule)
    service.start()

    client(service, "acm").renew_certificate(CertificateArn=arn)
    wait_for((tmp_path / "certificate").exists, service)
    wait_for(lambda: any("Encrypted" in each["line"] for each in output(service, "document")), service)

    seen = handshake(tmp_path, service.data_dir / "ca-bundle.pem")
    assert f"{seen.serial_number:032x}" == serial(service, arn).rjust(32, "0")
    assert serial(service, arn) != first
    said = output(service, "document")
    assert len({each["request_id"] for each in said}) == 1
    text = "\n".join(each["line"] for each in said)
    assert f"Renewed Certificate ARN : {arn}" in text
    assert "completed the renewal" in text
    assert "Certificate : -----BEGIN CERTIFICATE-----" in text
    assert "Encrypted Private Key : (ENCRYPTED PRIVATE KEY left out)" in text
    assert service.environment.secret_access_key not in service.log.read_text()
    described = client(service, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["RenewalEligibility"] == "ELIGIBLE", "it has been exported, so the next renewal comes"
