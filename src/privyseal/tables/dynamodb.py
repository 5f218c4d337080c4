"""Certificates in a DynamoDB table as serverless-ca has it: hash key CommonName, range key SerialNumber.

Needs the extra `aws`. Credentials are found as every AWS tool finds
them; they must allow dynamodb:UpdateItem, and for an import dynamodb:Scan.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.notice_ports import Item, ItemKey

_CONFIG = waiting()
# Of the dynamodb service model: this item will never be taken, whoever asks and whenever.
_NEVER = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})
_MISSING = "ResourceNotFoundException"
_SCHEMA = "Is it in this region? It has the hash key CommonName and the range key SerialNumber, both strings."
_SLOWER = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})


class DynamoDbTable:
    """Implements `serverless.notice_ports.CertificateTable`. Safe to share between threads."""

    def __init__(
        self,
        table: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        self._api = aws_client(
            "dynamodb",
            f"The table {table}",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )
        self._table = table

    def put(self, key: ItemKey, attributes: Item) -> None:
        """Attributes that somebody else has given the item stay."""
        names = {f"#a{number}": name for number, name in enumerate(attributes)}
        values = {f":a{number}": _typed(value) for number, value in enumerate(attributes.values())}
        self._ask(
            "update_item",
            Key={"CommonName": {"S": key.common_name}, "SerialNumber": {"S": key.serial}},
            UpdateExpression="SET " + ", ".join(f"#a{n} = :a{n}" for n in range(len(names))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def items(self) -> Iterator[Mapping[str, Any]]:
        """All of them, as DynamoDB's JSON types them; values of type B are bytes."""
        start: dict[str, Any] = {}
        while True:
            page = self._ask("scan", ConsistentRead=True, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._api, operation)(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            told = getattr(error, "response", {}).get("Error", {}).get("Code", "")
            make = f". {_SCHEMA}" if told == _MISSING else ""
            text = f"The table {self._table} refuses {operation}: {error}{make}"
            raise PrivySealError(_code(told), text) from error
        return reply


def _code(name: str) -> ErrorCode:
    if name in _NEVER:
        return ErrorCode.INVALID_ARGUMENT
    return ErrorCode.THROTTLED if name in _SLOWER else ErrorCode.UNAVAILABLE


def _typed(value: Any) -> dict[str, Any]:
    """As DynamoDB's JSON types it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, str):
        return {"S": value}
    return {"L": [_typed(each) for each in value]}
