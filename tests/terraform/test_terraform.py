"""Terraform with the AWS provider builds a PKI here, sees no drift, changes it and takes it down again."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.boto import client, csr_for
from tests.e2e.openssl import verify
from tests.service import Service
from tests.terraform.terraform import CHANGES, NO_CHANGES, Terraform, plugins

RESOURCES = 9  # of pki.tf


@pytest.fixture(name="terraform")
def terraform_fixture(own_service: Service, tmp_path: Path) -> Terraform:
    folder = tmp_path / "terraform"
    folder.mkdir()
    made = Terraform(own_service, folder, plugins())
    made.set(csr=csr_for("web.internal").decode(), stage="test", enabled="true")
    return made


def test_a_pki_is_applied_without_drift_changed_and_destroyed(
    terraform: Terraform, own_service: Service, tmp_path: Path
) -> None:
    """init, apply, plan, a change of tags and state, plan, destroy."""
    terraform("init")
    assert f"{RESOURCES} added, 0 changed, 0 destroyed" in terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    built = terraform.outputs()
    _check_outputs(built, tmp_path)

    terraform.set(stage="production", enabled="false")
    terraform("plan", "-detailed-exitcode", status=CHANGES)
    assert "0 added, 2 changed, 0 destroyed" in terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    with client(own_service) as pca:
        _check_change(pca, built)
        assert f"{RESOURCES} destroyed" in terraform("destroy", "-auto-approve")
        _check_destroyed(pca, built)
    assert terraform.outputs() == {}


def _check_outputs(built: dict[str, Any], folder: Path) -> None:
    """What the configuration hands on: openssl trusts the server's certificate by the root alone."""
    middle, root = x509.load_pem_x509_certificates(built["chain"].encode())
    (folder / "leaf.pem").write_text(built["server"] + "\n")
    for name, certificate in (("middle", middle), ("root", root)):
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    verify(folder / "leaf.pem", folder / "root.pem", folder / "middle.pem")
    leaf = x509.load_pem_x509_certificate(built["server"].encode())
    assert leaf.subject.rfc4514_string() == "CN=web.internal"
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    place = f"http://crl.example.internal/crl/{built['issuing'].rpartition('/')[2]}.crl"
    assert [name.value for point in points for name in point.full_name or ()] == [place]
    assert (built["issuing_status"], built["account"]) == ("ACTIVE", built["issuing"].split(":")[4])
    assert int(built["issuing_serial"]) == middle.serial_number
    assert json.loads(built["permission"])["Statement"][0]["Resource"] == built["issuing"]
    assert [each["Sid"] for each in json.loads(built["policy"])["Statement"]] == ["read", "issue"]


def _check_change(pca: Any, built: dict[str, Any]) -> None:
    tags = pca.list_tags(CertificateAuthorityArn=built["root"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "production"}]
    assert _status(pca, built["issuing"]) == "DISABLED"


def _check_destroyed(pca: Any, built: dict[str, Any]) -> None:
    """Deleted, as the provider deletes: restorable for the seven days of the configuration."""
    for arn in (built["root"], built["issuing"]):
        assert _status(pca, arn) == "DELETED"
    pca.restore_certificate_authority(CertificateAuthorityArn=built["issuing"])
    where = {"CertificateAuthorityArn": built["issuing"]}
    assert pca.list_permissions(**where)["Permissions"] == []
    with pytest.raises(pca.exceptions.ResourceNotFoundException):
        pca.get_policy(ResourceArn=built["issuing"])


def _status(pca: Any, arn: str) -> str:
    found = pca.describe_certificate_authority(CertificateAuthorityArn=arn)["CertificateAuthority"]
    return str(found["Status"])
