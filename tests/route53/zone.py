"""A hosted zone at moto, as boto3 tells it, and `privyseal device dns` on it."""

import json
from typing import Any

import boto3
import pytest

from privyseal.cli.main import run

NAME = "devices.example.com"


class Zone:
    def __init__(self, url: str, name: str = "example.com") -> None:
        self.url = url
        self.aws: Any = boto3.client("route53", region_name="us-east-1", endpoint_url=url)
        made = self.aws.create_hosted_zone(Name=name, CallerReference=f"zone of {name}")
        self.id = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def dns(self, *more: str, name: str = NAME) -> int:
        return run(["device", "dns", "--zone", self.id, "--name", name, "--endpoint-url", self.url, *more])

    def records(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(type, region) → the record set, of what is not the zone's own."""
        found = self.aws.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return {
            (each["Type"], each.get("Region", "")): each
            for each in found
            if each["Type"] not in {"NS", "SOA"}
        }

    def checks(self) -> dict[str, dict[str, Any]]:
        found = self.aws.list_health_checks()["HealthChecks"]
        return {each["Id"]: each["HealthCheckConfig"] for each in found}


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command has printed with --output json."""
    return dict(json.loads(capsys.readouterr().out))
