"""Buckets of Amazon S3, or of whatever answers its API at `endpoint_url`.

Needs the extra `aws`. Credentials are found as every AWS tool
finds them. The bucket's policy must allow them s3:GetBucketAcl and s3:PutObject.
"""

import io
import sys
from collections.abc import Iterable
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from privyseal import log
from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.publishers.object_names import check_bucket_name, key_segments

# Path-style addresses work everywhere; checksums that older S3-compatible servers do not know are
# sent only where the API asks for them.
_CONFIG = waiting(
    s3={"addressing_style": "path"},
    signature_version="s3v4",  # of presigned links too: the older form is refused in newer regions
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# Large objects go up in parts of 8 MB, each while its content is made, one after the other.
_TRANSFER = TransferConfig(use_threads=False)

# S3ObjectAcl of the acm-pca service model → canned ACL of S3
_ACLS = {
    "PUBLIC_READ": "public-read",
    "BUCKET_OWNER_FULL_CONTROL": "bucket-owner-full-control",
}

_REFUSED = frozenset(
    {
        "AccessControlListNotSupported",
        "AccessDenied",
        "403",
        "AllAccessDisabled",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
_MISSING = frozenset({"NoSuchBucket", "404"})


class S3Publisher:
    """Implements `ca.ports.Publisher`. Safe to share between threads."""

    def __init__(
        self, *, endpoint_url: str | None = None, region: str | None = None, profile: str | None = None
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile or an address that there is not."""
        self._endpoint = endpoint_url
        self._s3 = aws_client(
            "s3",
            "The settings of [publisher]",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def check(self, bucket: str) -> None:
        check_bucket_name(bucket)
        try:
            self._s3.get_bucket_acl(Bucket=bucket)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, bucket, "getBucketAcl") from error

    def put(
        self,
        bucket: str,
        key: str,
        content: Iterable[bytes],
        content_type: str,
        *,
        acl: str | None = None,
    ) -> None:
        check_bucket_name(bucket)
        name = "/".join(key_segments(key))
        extra = {"ContentType": content_type}
        if acl:
            extra["ACL"] = _ACLS[acl]
        try:
            self._s3.upload_fileobj(_Stream(content), bucket, name, ExtraArgs=extra, Config=_TRANSFER)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, bucket, "putObject") from error

    def url(self, bucket: str, key: str) -> str | None:
        """With an address of its own that server's, where that is plain HTTP; else Amazon's."""
        path = "/".join(key_segments(key))
        if self._endpoint:
            plain = self._endpoint.startswith("http://")
            return f"{self._endpoint.rstrip('/')}/{bucket}/{path}" if plain else None
        region = self._s3.meta.region_name
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"http://{bucket}.s3.{region}.{suffix}/{path}"

    def presigned(self, bucket: str, key: str, seconds: int) -> str:
        """Where who has this link can GET the object for so long (7 days at most, and no longer than
        temporary credentials live). The object need not be there yet.
        """
        name = "/".join(key_segments(key))
        try:
            link: str = self._s3.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": name}, ExpiresIn=seconds
            )
        except BotoCoreError as error:
            raise _translated(error, bucket, "getObject") from error
        return link


class _Stream(io.RawIOBase):
    """Chunks as a file that is read once, from its beginning to its end."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._chunks = (chunk for chunk in content if chunk)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end."""
        parts, missing = [], size if size >= 0 else sys.maxsize
        while missing > 0 and (chunk := self._rest or next(self._chunks, b"")):
            parts.append(chunk[:missing])
            self._rest = chunk[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)


def _translated(error: Exception, bucket: str, permission: str) -> PrivySealError:
    """The words about a permission are AWS's: clients wait and retry where they read them."""
    response: dict[str, Any] = getattr(error, "response", {})
    code = response.get("Error", {}).get("Code", "")
    if code in _REFUSED:
        return PrivySealError(
            ErrorCode.VALIDATION,
            f"AWS Private CA requires {permission} permissions for your S3 bucket '{bucket}'. "
            "Check your S3 bucket permissions and try again.",
        )
    if code in _MISSING:
        return PrivySealError(ErrorCode.INVALID_ARGUMENT, f"The S3 bucket '{bucket}' does not exist.")
    log.exception("publishing failed", error)
    return PrivySealError(ErrorCode.UNAVAILABLE, f"The S3 bucket '{bucket}' cannot be used now. Try again.")
