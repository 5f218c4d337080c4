from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from privyseal.serverless.notice_ports import CertificateTable
from privyseal.tables import TABLES
from privyseal.tables.dynamodb import DynamoDbTable
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]

REGION = "eu-central-1"
NAME = "ServerlessCADev"


@dataclass(frozen=True)
class Kept:
    """A table of one kind, and what is really in it."""

    table: CertificateTable
    unreachable: CertificateTable
    url: str
    api: Any = field(repr=False)

    def items(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self.api.scan(TableName=NAME)["Items"]
        return found


@pytest.fixture(name="kept", params=sorted(TABLES))
def kept_fixture(request: pytest.FixtureRequest) -> Kept:
    def dynamodb() -> Kept:
        url: str = request.getfixturevalue("empty_moto")
        api: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=url)
        make_table(api)
        made = DynamoDbTable(NAME, endpoint_url=url, region=REGION)
        return Kept(made, DynamoDbTable("Nowhere", endpoint_url=url, region=REGION), url, api)

    return {"dynamodb": dynamodb}[request.param]()


def make_table(api: Any, name: str = NAME) -> None:
    """As serverless-ca's Terraform module makes it."""
    api.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "CommonName", "KeyType": "HASH"},
            {"AttributeName": "SerialNumber", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "CommonName", "AttributeType": "S"},
            {"AttributeName": "SerialNumber", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
