"""The API of AWS IoT Core in one region, its errors in our words.

Credentials are found as every AWS tool finds them.
"""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError

NOT_FOUND = "ResourceNotFoundException"
ALREADY_THERE = "ResourceAlreadyExistsException"
INVALID = "InvalidRequestException"

# botocore repeats what was throttled or answered by a 5xx. What must not be repeated is asked once.
REPEATING, ONCE = 4, 1

# Exceptions of the iot model, or common to AWS services. Any other is a wrong set-up.
ERRORS: Mapping[str, ErrorCode] = {
    "ThrottlingException": ErrorCode.THROTTLED,
    "LimitExceededException": ErrorCode.THROTTLED,
    "InternalFailureException": ErrorCode.UNAVAILABLE,
    "InternalFailure": ErrorCode.UNAVAILABLE,
    "ServiceUnavailableException": ErrorCode.UNAVAILABLE,
    "ServiceUnavailable": ErrorCode.UNAVAILABLE,
}


class IotError(PrivySealError):
    """`name` is AWS's exception, "" where no answer came; `arn` the one that it speaks of."""

    def __init__(self, code: ErrorCode, message: str, name: str = "", arn: str = "") -> None:
        super().__init__(code, message)
        self.name = name
        self.arn = arn


class IotClient:
    """Safe to share between threads."""

    def __init__(
        self,
        region: str,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        attempts: int = REPEATING,
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        self.region = region
        self._client = aws_client(
            "iot",
            f"The settings for AWS IoT Core in {region}",
            waiting(attempts=attempts),
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Raises IotError."""
        try:
            reply: dict[str, Any] = getattr(self._client, xform_name(operation))(**params)
        except ClientError as error:
            raise self._refused(operation, error) from error
        except BotoCoreError as error:
            text = f"AWS IoT Core in {self.region} cannot be asked for {operation}: {error}"
            raise IotError(ErrorCode.UNAVAILABLE, text) from error
        return reply

    def _refused(self, operation: str, error: ClientError) -> IotError:
        told, response = error.response["Error"], error.response
        name = told.get("Code", "")
        failed = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
        code = ERRORS.get(name, ErrorCode.UNAVAILABLE if failed else ErrorCode.FAILED)
        text = f"{operation} in {self.region}: {name}: {told.get('Message', '')}"
        return IotError(code, text, name, response.get("resourceArn", ""))
