"""Devices in a DynamoDB table, or in whatever answers its API at `endpoint_url`.

Needs the extra `aws`. Credentials are found as every AWS tool
finds them; they must allow dynamodb:GetItem, and for a copy dynamodb:Scan and dynamodb:DescribeTable.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.devices.model import ListedDevice
from privyseal.errors import ErrorCode, PrivySealError

# The schema of the tables that factories fill today: a string key, a string with base64 of the PEM.
DEVICE_ID, PUBLIC_KEY = "device-id", "pubkey"
# Optional strings, as in every list of devices.
STATUS, BATCH = "status", "batch"

# A device waits for the answer.
_CONNECT_S, _READ_S, _ATTEMPTS = 3, 5, 3
_Item = Mapping[str, Mapping[str, Any]]


class DynamoDbSource:
    """Implements `devices.ports.DeviceSource`. Safe to share between threads."""

    def __init__(
        self,
        table: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        ignore_configured_endpoint: bool = False,
    ) -> None:
        """`ignore_configured_endpoint`: AWS_ENDPOINT_URL is somebody else's. Raises INVALID_ARGUMENT for
        a profile, a region or an address that there is not.
        """
        config = waiting(
            _CONNECT_S,
            _READ_S,
            attempts=_ATTEMPTS,
            ignore_configured_endpoint_urls=ignore_configured_endpoint,
        )
        self._api = aws_client(
            "dynamodb",
            f"The table {table}",
            config,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )
        self._table = table

    def find(self, device_id: str) -> ListedDevice | None:
        # Consistent: a device may come right after its factory has listed it.
        reply = self._ask("get_item", Key={DEVICE_ID: {"S": device_id}}, ConsistentRead=True)
        item = reply.get("Item")
        return None if item is None else _row(item)

    def rows(self) -> Iterator[ListedDevice | PrivySealError]:
        start: dict[str, Any] = {}
        while True:
            page = self._ask("scan", **start)
            for item in page["Items"]:
                try:
                    yield _row(item)
                except PrivySealError as error:
                    yield error
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def count(self) -> int:
        """As DynamoDB counts every six hours."""
        return int(self._ask("describe_table")["Table"]["ItemCount"])

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._api, operation)(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"The table {self._table} cannot be read: {error}"
            ) from error
        return reply


def _row(item: _Item) -> ListedDevice:
    """Raises VALIDATION."""
    device_id, public_key = _text(item, DEVICE_ID), _text(item, PUBLIC_KEY)
    if device_id is None or public_key is None:
        missing = DEVICE_ID if device_id is None else PUBLIC_KEY
        raise PrivySealError(
            ErrorCode.VALIDATION, f"The item {(device_id or '')[:80]!a} has no attribute {missing}."
        )
    return ListedDevice(device_id, public_key, _text(item, STATUS), _text(item, BATCH))


def _text(item: _Item, name: str) -> str | None:
    """The string of an attribute; None where there is no such attribute."""
    value = item.get(name)
    if value is None:
        return None
    text = value.get("S")
    if not isinstance(text, str):
        label = str(item.get(DEVICE_ID, {}).get("S", ""))[:80]
        raise PrivySealError(
            ErrorCode.VALIDATION, f"The attribute {name} of the item {label!a} is not a string."
        )
    return text
