"""A DynamoDB table as a list of devices, for `privyseal device import --dynamodb`."""

import os
from collections.abc import Iterator

from privyseal.cli.device_file import BadRecord, Device
from privyseal.errors import ErrorCode, PrivySealError

try:
    from privyseal.sources.dynamodb import DynamoDbSource
except ModuleNotFoundError as missing:
    raise PrivySealError(
        ErrorCode.UNAVAILABLE, f"--dynamodb needs {missing.name}: pip install 'privyseal[aws]'"
    ) from missing


def open_table(
    table: str, endpoint_url: str | None, region: str | None, profile: str | None, *, not_at: str
) -> DynamoDbSource:
    """`privyseal env` points the AWS tools at the service, at `not_at`, which has no tables."""
    elsewhere = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/") == not_at.rstrip("/")
    return DynamoDbSource(
        table,
        endpoint_url=endpoint_url,
        region=region,
        profile=profile,
        ignore_configured_endpoint=elsewhere,
    )


def read_table(source: DynamoDbSource) -> Iterator[Device | BadRecord]:
    """`line` is which item it is, from 1."""
    for number, row in enumerate(source.rows(), start=1):
        if isinstance(row, PrivySealError):
            yield BadRecord(number, row.message)
        else:
            yield Device(number, row.device_id, row.public_key, row.status, row.batch)
