"""Checkpoints as objects in a bucket of Amazon S3, or of a server that speaks its protocol.

Credentials come from where boto3 finds them: environment, profile, instance role. A bucket with
Object Lock keeps them from everybody, this service included; s3:PutObject is all it needs.
"""

import base64
import hashlib

from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError

_CONFIG = waiting(
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3Sink:
    """Implements `events.ports.Sink`: BUCKET/PREFIX/NUMBER-DIGEST.json, one object for each.

    The digest is of the content: a second checkpoint with the same number does not replace the first.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile or an address that there is not."""
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self.name = f"s3:{endpoint_url or ''}:{bucket}/{self._prefix}"
        self._s3 = aws_client(
            "s3",
            "The settings of [audit]",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def put(self, number: int, line: str) -> None:
        content = f"{line}\n".encode()
        digest = hashlib.sha256(content).digest()
        name = f"{number:012d}-{digest.hex()[:16]}.json"
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{self._prefix}/{name}" if self._prefix else name,
                Body=content,
                ContentType="application/json",
                ChecksumSHA256=base64.b64encode(digest).decode(),  # buckets with Object Lock want one
            )
        except (ClientError, BotoCoreError) as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"The bucket {self._bucket!r} takes no checkpoint now: {error}"
            ) from error
