"""An issuing authority that is named in the settings, and then replaced under its users: the function issues
from the one that has taken its place, and what the old one has issued can still be revoked by GitOps.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.e2e.boto import client
from tests.e2e.shell import run
from tests.serverless.calls import event, invoke
from tests.service import COMMAND, Service


def issuer(answer: dict[str, Any]) -> str:
    found = x509.load_pem_x509_certificate(base64.b64decode(answer["Base64Certificate"]))
    chain = x509.load_pem_x509_certificates(base64.b64decode(answer["Base64CaChain"]))
    found.verify_directly_issued_by(chain[0])
    return chain[0].subject.rfc4514_string()


@pytest.mark.parametrize("explicit", [True, False])
def test_the_function_follows_whoever_takes_its_authority_s_place(tmp_path: Path, explicit: bool) -> None:
    data, folder = tmp_path / "data", tmp_path / "pki" / "certs" / "dev"
    folder.mkdir(parents=True)
    (folder / "tls.json").write_text("[]")
    gitops = f'[serverless.gitops]\nsource = "directory"\ndirectory = "{tmp_path / "pki"}"\n'
    service = Service(data).start()
    authority = service.environment.issuing_ca_arn
    assert service.stop() == 0
    named = f'[serverless]\nauthority = "{authority}"\n' if explicit else ""
    config = tmp_path / "privyseal.toml"
    config.write_text(named + gitops)
    service = Service(data, "--config", str(config)).start()
    try:
        with client(service, "lambda") as functions:
            before = invoke(functions, event("before.example.com"))
            run(*COMMAND, "device", "rotate-ca", "start", "--wait", "--data-dir", str(data))
            after = invoke(functions, event("after.example.com"))
        assert issuer(before) != issuer(after)
        listed = [
            {"common_name": info["CommonName"], "serial_number": info["SerialNumber"]}
            for info in (before["CertificateInfo"], after["CertificateInfo"])
        ]
        (folder / "revoked.json").write_text(json.dumps(listed))
        said = run(*COMMAND, "gitops", "apply", "--output", "json", "--data-dir", str(data))
        assert [each["outcome"] for each in json.loads(said)["steps"]] == ["revoke", "revoke"]
    finally:
        service.kill()
