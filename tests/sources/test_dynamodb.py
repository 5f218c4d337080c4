"""What only a DynamoDB table can have, and who it is."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.sources.dynamodb import DynamoDbSource
from tests.cli.conftest import Shell, far_fixture, shell_fixture
from tests.client.far_side import Answer, FarSide
from tests.devices.deployment import key_pem
from tests.sources.conftest import REGION, Table

__all__ = ["far_fixture", "shell_fixture"]

PUBLIC = key_pem(ec.generate_private_key(ec.SECP256R1()).public_key())
PUBKEY = base64.b64encode(PUBLIC.encode()).decode()


@pytest.mark.parametrize(
    "value", [{"N": "1"}, {"B": b"x"}, {"NULL": True}, {"SS": ["a"]}, {"M": {}}, {"BOOL": False}]
)
@pytest.mark.parametrize("name", ["pubkey", "status", "batch"])
def test_an_attribute_of_another_type_is_told(table: Table, name: str, value: dict[str, Any]) -> None:
    table.put_item("a", {"pubkey": {"S": PUBKEY}} | {name: value})
    with pytest.raises(PrivySealError, match=f"attribute {name} of the item 'a'") as caught:
        DynamoDbSource(table.name, endpoint_url=table.url, region=REGION).find("a")
    assert caught.value.code is ErrorCode.VALIDATION


def test_a_profile_that_there_is_not_is_told_at_once() -> None:
    with pytest.raises(PrivySealError) as caught:
        DynamoDbSource("t", profile="nobody-has-this", region=REGION)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


def test_a_table_is_copied_with_one_command(table: Table, shell: Shell, far: FarSide) -> None:
    far.say(Answer({"imported": 1, "unchanged": 0, "errors": []}))
    table.put("one", pubkey=PUBKEY, batch="lot 7")
    table.put("two")
    words = ("--dynamodb", table.name, "--endpoint-url", table.url, "--region", REGION)
    outcome = shell("device", "import", *words)
    assert outcome.code == 1
    assert outcome.out == "1 imported, 0 unchanged, 1 refused\n"
    assert "The item 'two' has no attribute pubkey." in outcome.err
    (request,) = far.received
    assert request.json == {"devices": [{"device_id": "one", "public_key": PUBKEY, "batch": "lot 7"}]}


def test_what_privyseal_env_exports_is_not_taken_for_dynamodb(
    table: Table, shell: Shell, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_ENDPOINT_URL then is this service; the table is where AWS has it (here: nowhere)."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", far.url)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    outcome = shell("device", "import", "--dynamodb", table.name, "--region", REGION)
    assert outcome.code == 1
    assert "cannot be read" in outcome.err
    assert far.received == []


def test_a_table_that_is_not_there_is_told(table: Table, shell: Shell, far: FarSide) -> None:
    outcome = shell("device", "import", "--dynamodb", "x-y", "--endpoint-url", table.url, "--region", REGION)
    assert outcome.code == 1
    assert outcome.err.startswith("error: The table x-y cannot be read: ")
    assert "ResourceNotFoundException" in outcome.err
    assert far.received == []
