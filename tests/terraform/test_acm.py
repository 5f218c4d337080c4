"""Terraform with the AWS provider keeps private and imported certificates of ACM."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acm.pairs import Pair, Wanted, make
from tests.e2e.boto import client
from tests.service import Service
from tests.terraform.terraform import CHANGES, NO_CHANGES, Terraform, plugins

CONFIGURATION = Path(__file__).with_name("acm.tf")
RESOURCES = 6  # of acm.tf


def _pair(number: int) -> Pair:
    return make(Wanted(datetime.now(UTC).replace(microsecond=0), number=number))


def _give(terraform: Terraform, pair: Pair, stage: str) -> None:
    terraform.set(certificate=pair.pem.decode(), private_key=pair.key_pem.decode(), stage=stage)


def test_certificates_are_applied_without_drift_changed_and_destroyed(
    own_service: Service, tmp_path: Path
) -> None:
    """A private and an imported one: apply, plan, new tags and a reimport, plan, destroy."""
    folder = tmp_path / "terraform"
    folder.mkdir()
    terraform = Terraform(own_service, folder, plugins(), CONFIGURATION)
    _give(terraform, _pair(0), "test")
    terraform("init")
    assert f"{RESOURCES} added, 0 changed, 0 destroyed" in terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    built = terraform.outputs()
    assert built["private_status"] == "ISSUED"
    assert built["found"] == built["private"]

    replacement = _pair(1)
    _give(terraform, replacement, "production")
    terraform("plan", "-detailed-exitcode", status=CHANGES)
    assert "0 added, 2 changed, 0 destroyed" in terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    changed = terraform.outputs()
    assert (changed["private"], changed["imported"]) == (built["private"], built["imported"])

    with client(own_service, "acm") as acm:
        for arn in (built["private"], built["imported"]):
            tags = acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
            assert tags == [{"Key": "stage", "Value": "production"}]
        got = acm.get_certificate(CertificateArn=built["imported"])["Certificate"]
        assert got.encode() == replacement.pem
        assert f"{RESOURCES} destroyed" in terraform("destroy", "-auto-approve")
        for arn in (built["private"], built["imported"]):
            with pytest.raises(acm.exceptions.ResourceNotFoundException):
                acm.describe_certificate(CertificateArn=arn)
