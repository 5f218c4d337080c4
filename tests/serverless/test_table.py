"""Certificates in serverless-ca's DynamoDB table, attribute by attribute, whatever happens on the way."""

import base64
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from cryptography import x509

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.notice_ports import CertificateTable, Item, ItemKey
from privyseal.tables.dynamodb import DynamoDbTable
from tests.serverless.watched import GO_ON, Watched
from tests.serverless.world import certificate
from tests.tables.conftest import NAME as TABLE
from tests.tables.conftest import REGION, make_table

NAME = "server.example.com"
TIME = "%Y-%m-%d %H:%M:%S"


class Remembered(CertificateTable):
    """A table in memory. Raises `refusal` for certificates of `refused` names."""

    def __init__(self) -> None:
        self.items: dict[ItemKey, dict[str, Any]] = {}
        self.puts = 0
        self.refusal: Exception | None = None
        self.refused: set[str] = set()

    def put(self, key: ItemKey, attributes: Item) -> None:
        if self.refusal and (not self.refused or key.common_name in self.refused):
            raise self.refusal
        self.puts += 1
        self.items.setdefault(key, {}).update(attributes)

    def named(self, name: str) -> Mapping[str, Any]:
        (found,) = [item for key, item in self.items.items() if key.common_name == name]
        return found


@pytest.fixture(name="table")
def table_fixture() -> Remembered:
    return Remembered()


def test_a_client_reads_what_was_issued_as_it_did_from_serverless_ca(
    watched: Watched, empty_moto: str
) -> None:
    """boto3's query by common name, then what the documents say: decode twice."""
    api: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=empty_moto)
    make_table(api)
    answer = watched.ask(NAME, notify_expiry=True)
    watched.publishing(DynamoDbTable(TABLE, endpoint_url=empty_moto, region=REGION)).run(GO_ON)
    (item,) = api.query(
        TableName=TABLE,
        KeyConditionExpression="CommonName = :CommonName",
        ExpressionAttributeValues={":CommonName": {"S": NAME}},
    )["Items"]
    issued = certificate(answer)
    assert item["SerialNumber"] == {"S": str(issued.serial_number)}
    assert item["Issued"] == {"S": f"{issued.not_valid_before_utc:{TIME}}"}
    assert item["Expires"] == {"S": f"{issued.not_valid_after_utc:{TIME}}"}
    assert item["NotifyExpiry"] == {"BOOL": True}
    assert x509.load_pem_x509_certificate(base64.b64decode(item["Certificate"]["B"])) == issued
    # On the wire it is base64 of that, which is what the console shows and people copy.
    shown = base64.b64encode(item["Certificate"]["B"])
    pipe = subprocess.run(
        "base64 --decode | base64 --decode", shell=True, input=shown, capture_output=True, check=True
    )
    assert x509.load_pem_x509_certificate(pipe.stdout) == issued


def test_authorities_are_items_under_their_slugs_with_the_number_of_their_crl(
    watched: Watched, table: Remembered
) -> None:
    publishing = watched.publishing(table)
    publishing.run(GO_ON)
    assert {key.common_name for key in table.items} == {"serverless-root-ca-dev", "serverless-issuing-ca-dev"}
    assert table.named("serverless-issuing-ca-dev")["CRLNumber"] == 0
    assert "NotifyExpiry" not in table.named("serverless-issuing-ca-dev")
    watched.switch_crls_on()
    watched.make_crls()
    publishing.run(GO_ON)
    crl = watched.store.view(lambda tx: watched.hierarchy.standing(tx)[1].crl)
    assert crl is not None
    assert table.named("serverless-issuing-ca-dev")["CRLNumber"] == crl.number > 0
    assert not watched.store.view(publishing.waiting)


def test_a_revoked_certificate_says_so(watched: Watched, table: Remembered) -> None:
    answer = watched.ask(NAME)
    publishing = watched.publishing(table)
    publishing.run(GO_ON)
    assert "Revoked" not in table.named(NAME)
    watched.world.clock.advance(timedelta(hours=1))
    watched.revoke(answer)
    watched.follow()
    publishing.run(GO_ON)
    assert table.named(NAME)["Revoked"] == "2026-03-01 13:00:00"


def test_a_reminder_is_noted(watched: Watched, table: Remembered) -> None:
    watched.ask(NAME, lifetime=31, notify_expiry=True)
    watched.world.clock.advance(timedelta(days=1))
    watched.remind()
    watched.publishing(table).run(GO_ON)
    assert table.named(NAME)["ExpiryReminders"] == ["2026-03-02 12:00:00"]


def test_nothing_is_written_twice_and_an_idle_job_says_that_nothing_waits(
    watched: Watched, table: Remembered
) -> None:
    watched.ask(NAME)
    publishing = watched.publishing(table)
    assert watched.store.view(publishing.waiting)
    publishing.run(GO_ON)
    puts = table.puts
    publishing.run(GO_ON)
    assert (table.puts, watched.store.view(publishing.waiting)) == (puts, False)


def test_what_was_issued_before_there_was_a_table_gets_there_too(watched: Watched, table: Remembered) -> None:
    for number in range(60):
        watched.ask(f"host-{number}.example.com")
    watched.publishing(table).run(GO_ON)
    assert sum("host-" in key.common_name for key in table.items) == 60


def test_whoever_is_killed_after_writing_writes_the_same_again(watched: Watched, table: Remembered) -> None:
    watched.ask(NAME)
    publishing = watched.publishing(table)
    publishing.run(GO_ON)
    before = dict(table.items)
    watched.ask("other.example.com")
    watched.world.store.commits_to_lose = 1
    with pytest.raises(PrivySealError):
        publishing.run(GO_ON)
    publishing.run(GO_ON)
    assert {key: table.items[key] for key in before} == before
    assert table.named("other.example.com")
    assert not watched.store.view(publishing.waiting)


def test_what_changes_while_it_is_written_is_written_again(watched: Watched) -> None:
    answer = watched.ask(NAME)

    class Slow(Remembered):
        def put(self, key: ItemKey, attributes: Item) -> None:
            super().put(key, attributes)
            if key.common_name == NAME and "Revoked" not in attributes:
                watched.revoke(answer)
                watched.follow()

    table = Slow()
    watched.publishing(table).run(GO_ON)
    assert table.named(NAME)["Revoked"]


def test_a_table_that_cannot_be_written_holds_everything_until_it_can(
    watched: Watched, table: Remembered
) -> None:
    watched.ask(NAME)
    publishing = watched.publishing(table)
    table.refusal = PrivySealError(ErrorCode.UNAVAILABLE, "away")
    with pytest.raises(PrivySealError):
        publishing.run(GO_ON)
    assert watched.store.view(publishing.waiting)
    table.refusal = None
    publishing.run(GO_ON)
    assert table.named(NAME)


def test_one_item_that_is_refused_does_not_hold_up_the_others(watched: Watched, table: Remembered) -> None:
    table.refusal, table.refused = PrivySealError(ErrorCode.INVALID_ARGUMENT, "no"), {"bad.example.com"}
    for name in ("bad.example.com", "good.example.com"):
        watched.ask(name)
    publishing = watched.publishing(table)
    publishing.run(GO_ON)
    assert table.named("good.example.com")
    assert not watched.store.view(publishing.waiting)
    table.refusal = None
    watched.world.clock.advance(timedelta(hours=2))
    publishing.run(GO_ON)
    assert table.named("bad.example.com")
