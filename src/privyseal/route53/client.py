"""The API of Route 53, its errors in our words. Credentials are found as every AWS tool finds them."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError

_CONFIG = waiting()


class Route53Client:
    def __init__(self, *, endpoint_url: str | None = None, profile: str | None = None) -> None:
        """Raises INVALID_ARGUMENT for a profile or an address that there is not."""
        self._client = aws_client(
            "route53",
            "The settings for Route 53",
            _CONFIG,
            region="us-east-1",  # a global service: its API and signatures are there
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Raises PrivySealError."""
        try:
            reply: dict[str, Any] = getattr(self._client, xform_name(operation))(**params)
        except ClientError as error:
            told = error.response["Error"]
            text = f"Route 53 refuses {operation}: {told.get('Code', '')}: {told.get('Message', '')}"
            raise PrivySealError(ErrorCode.FAILED, text) from error
        except BotoCoreError as error:
            text = f"Route 53 cannot be asked for {operation}: {error}"
            raise PrivySealError(ErrorCode.UNAVAILABLE, text) from error
        return reply

    def zone_name(self, zone: str) -> str:
        """Without the dot at the end."""
        return str(self.call("GetHostedZone", Id=zone)["HostedZone"]["Name"]).removesuffix(".")

    def records_at(self, zone: str, name: str) -> list[Mapping[str, Any]]:
        """Every record set of exactly that name."""
        found: list[Mapping[str, Any]] = []
        where: dict[str, Any] = {"StartRecordName": f"{name}."}
        while True:
            page = self.call("ListResourceRecordSets", HostedZoneId=zone, **where)
            found += [each for each in page["ResourceRecordSets"] if each["Name"].lower() == f"{name}."]
            if not page["IsTruncated"] or page["NextRecordName"].lower() != f"{name}.":
                return found
            where = {"StartRecordName": page["NextRecordName"], "StartRecordType": page["NextRecordType"]}
            if "NextRecordIdentifier" in page:
                where["StartRecordIdentifier"] = page["NextRecordIdentifier"]

    def health_checks(self) -> Iterator[Mapping[str, Any]]:
        """All of the account."""
        where: dict[str, Any] = {}
        while True:
            page = self.call("ListHealthChecks", **where)
            yield from page["HealthChecks"]
            if not page.get("IsTruncated"):
                return
            where = {"Marker": page["NextMarker"]}
