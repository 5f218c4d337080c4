"""Events of a real service: a renewal is delivered although the service is killed on the way."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from privyseal.events.patterns import compile_pattern
from tests.service import Service, patience

RENEWAL = {
    "source": ["aws.health"],
    "detail-type": ["AWS Health Event"],
    "detail": {
        "service": ["ACM"],
        "eventTypeCategory": ["scheduledChange"],
        "eventTypeCode": ["AWS_ACM_RENEWAL_STATE_CHANGE"],
    },
}
ATTEMPTED = "SELECT 1 FROM event_delivery WHERE state = 'WAITING' AND attempts > 0"
RENEWED = """SELECT 1 FROM journal WHERE entries LIKE '%"action":"acm:RenewManagedCertificate"%'"""


class Deployment:
    """A service whose rule has a file as its target, in a folder in whose place there is something else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "elsewhere"
        self.lines = self.folder / "events.jsonl"
        self.settings = folder / "privyseal.toml"
        self.service = Service(folder / "data", "--config", str(self.settings))
        self.settings.touch()
        self.folder.touch()

    def set_rule(self, pattern: object) -> None:
        target = f'[targets.log]\ntype = "file"\npath = "{self.lines}"\n'
        rule = f"[rules.renewed]\npattern = '''{json.dumps(pattern)}'''\ntargets = [\"log\"]\n"
        self.settings.write_text(target + rule)

    def client(self, name: str) -> Any:
        found = self.service.environment
        return boto3.client(
            name,
            endpoint_url=found.url,
            region_name=found.region,
            aws_access_key_id=found.access_key_id,
            aws_secret_access_key=found.secret_access_key,
        )

    def wait(self, what: Callable[[], object]) -> None:
        until = time.monotonic() + patience(30)
        while not what():
            assert time.monotonic() < until, self.service.log.read_text()
            time.sleep(0.02)

    def found(self, query: str) -> bool:
        database = self.service.data_dir / "privyseal.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return opened.execute(query).fetchone() is not None


@pytest.fixture(name="deployment")
def deployment_fixture(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path)
    yield made
    made.service.kill()


def exported_certificate(deployment: Deployment) -> str:
    authority = deployment.service.environment.issuing_ca_arn
    deployment.client("acm-pca").create_permission(
        CertificateAuthorityArn=authority,
        Principal="acm.amazonaws.com",
        Actions=["IssueCertificate", "GetCertificate", "ListPermissions"],
    )
    acm = deployment.client("acm")
    arn: str = acm.request_certificate(DomainName="www.example.com", CertificateAuthorityArn=authority)[
        "CertificateArn"
    ]
    deployment.wait(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED")
    acm.export_certificate(CertificateArn=arn, Passphrase=b"passphrase")
    return arn


def test_a_renewal_is_delivered_although_the_service_is_killed_on_the_way(deployment: Deployment) -> None:
    """Killed once before the journal may have been told, and once when delivery has been tried in vain."""
    service = deployment.service.start()
    arn = exported_certificate(deployment)
    assert service.stop() == 0
    deployment.set_rule({**RENEWAL, "resources": [arn]})
    service.start()
    deployment.client("acm").renew_certificate(CertificateArn=arn)
    deployment.wait(lambda: deployment.found(RENEWED))
    service.kill()
    service.start()
    deployment.wait(lambda: deployment.found(ATTEMPTED))
    service.kill()
    deployment.folder.unlink()
    service.start()
    deployment.wait(deployment.lines.exists)
    deployment.wait(deployment.lines.read_text)
    assert service.stop() == 0
    (event,) = [json.loads(line) for line in deployment.lines.read_text().splitlines()]
    assert compile_pattern(json.dumps(RENEWAL)).matches(event)
    assert event["resources"] == [arn]
    assert "completed the renewal" in event["detail"]["eventDescription"][0]["latestDescription"]
