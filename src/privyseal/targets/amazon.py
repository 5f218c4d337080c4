"""What the targets in AWS share: a client of a service, and its errors in our words.

Credentials are found as every AWS tool finds them.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError

# An attempt may take a minute: the next one is the dispatcher's matter, which waits longer than botocore.
_CONFIG = waiting(attempts=2)

# Exceptions of the sns, sqs and events models that say: not this event, now or later. A missing queue, a
# right that is missing or a key that has expired can be mended while the event waits.
NEVER = frozenset(
    {
        "InvalidMessageContents",
        "InvalidParameter",
        "InvalidParameterValue",
        "MalformedDetail",
        "ValidationError",
        "ValidationException",
    }
)
MAX_GROUP = 128  # characters of a MessageGroupId


class AmazonService:
    """One service in one region. Safe to share between threads."""

    def __init__(self, target: str, service: str, *, region: str, endpoint_url: str, profile: str) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        self._client = aws_client(
            service,
            f"The settings of [targets.{target}]",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._client, xform_name(operation))(**params)
        except ClientError as error:
            told = error.response["Error"]
            raise refused(operation, told.get("Code", ""), told.get("Message", "")) from error
        except ParamValidationError as error:
            raise refused(operation, "ValidationError", str(error)) from error
        except BotoCoreError as error:
            raise refused(operation, "", str(error)) from error
        return reply

    def close(self) -> None:
        self._client.close()


def refused(operation: str, name: str, message: str) -> PrivySealError:
    """`name` as AWS gives it, with or without the service's prefix; "" where no answer came."""
    code = ErrorCode.INVALID_ARGUMENT if name.rpartition(".")[2] in NEVER else ErrorCode.UNAVAILABLE
    return PrivySealError(code, f"{operation}: {name}: {message}")


def fifo(event: Mapping[str, Any]) -> Mapping[str, str]:
    """The parameters of a FIFO topic or queue: in order for each resource, each event once."""
    resource = (event["resources"] or [event["source"]])[0]
    group = resource if len(resource) <= MAX_GROUP else hashlib.sha256(resource.encode()).hexdigest()
    return {"MessageGroupId": group, "MessageDeduplicationId": event["id"]}
