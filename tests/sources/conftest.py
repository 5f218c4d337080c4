from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from privyseal.devices.ports import DeviceSource
from privyseal.sources import SOURCES
from privyseal.sources.dynamodb import DynamoDbSource
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]

REGION = "eu-central-1"


class Table:
    """A DynamoDB table as a factory has it: key `device-id`, attribute `pubkey`."""

    def __init__(self, url: str, name: str = "line-iot-provisioning-secretfree") -> None:
        self.url = url
        self.name = name
        self.api: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=url)
        self.api.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "device-id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "device-id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, device_id: str, **attributes: str) -> None:
        self.put_item(device_id, {name: {"S": text} for name, text in attributes.items()})

    def put_item(self, device_id: str, item: Mapping[str, Any]) -> None:
        self.api.put_item(TableName=self.name, Item={"device-id": {"S": device_id}, **item})


@pytest.fixture(name="table")
def table_fixture(empty_moto: str) -> Table:
    return Table(empty_moto)


@dataclass(frozen=True)
class List:
    """A list of one kind: what is put into it, and what reads it. `spoil` adds a row without a key."""

    put: Callable[..., None]
    spoil: Callable[[str], None]
    source: DeviceSource
    unreachable: DeviceSource


@pytest.fixture(name="listed", params=sorted(SOURCES))
def listed_fixture(request: pytest.FixtureRequest) -> List:
    def dynamodb() -> List:
        table: Table = request.getfixturevalue("table")

        def put(device_id: str, public_key: str, **more: str) -> None:
            table.put(device_id, pubkey=public_key, **more)

        def source(name: str) -> DynamoDbSource:
            return DynamoDbSource(name, endpoint_url=table.url, region=REGION)

        return List(put, table.put, source(table.name), source("nowhere"))

    return {"dynamodb": dynamodb}[request.param]()
