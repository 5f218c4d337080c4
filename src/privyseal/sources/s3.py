"""Files of GitOps in a bucket: the internal one of serverless-ca, which its Terraform fills.

There, the lists are at the root and CSRs below `csrs/`. Credentials are found as every AWS tool finds
them; they must allow s3:ListBucket and s3:GetObject.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import MAX_FILES, Gathering, Selection, Snapshot

_CONFIG = waiting(
    s3={"addressing_style": "path"},
    response_checksum_validation="when_required",
)
_MISSING = frozenset({"NoSuchBucket", "NoSuchKey", "404"})
_REFUSED = frozenset({"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class S3Source:
    """Implements `serverless.gitops.ports.Source`."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        selection: Selection,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        ignore_configured_endpoint: bool = False,
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        config = Config(ignore_configured_endpoint_urls=ignore_configured_endpoint)
        self._s3 = aws_client(
            "s3",
            "The settings of [serverless.gitops]",
            _CONFIG.merge(config),
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._selection = selection

    def revision(self) -> str:
        with _translated(self._bucket):
            return _digest(list(self._objects()))

    def snapshot(self) -> Snapshot:
        gathering = Gathering(self._selection)
        with _translated(self._bucket):
            objects = list(self._objects())
            for path, _ in objects:
                gathering.add(path, lambda most, path=path: self._read(path, most))  # type: ignore[misc]
        return gathering.snapshot(_digest(objects))

    def _objects(self) -> Iterator[tuple[str, str]]:
        """(path, ETag) of those that are wanted."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        found = 0
        for page in pages:
            for each in page.get("Contents", ()):
                path = each["Key"].removeprefix(self._prefix)
                if self._selection.wants(path):
                    found += 1
                    yield path, each["ETag"]
            if found > MAX_FILES:
                return  # the snapshot refuses them

    def _read(self, path: str, most: int) -> bytes:
        body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"]
        try:
            content: bytes = body.read(most)
        finally:
            body.close()
        return content


def _digest(objects: list[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(sorted(objects)).encode()).hexdigest()


@contextmanager
def _translated(bucket: str) -> Iterator[None]:
    """What boto3 raises, in our words."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        answer: Any = error.response if isinstance(error, ClientError) else {}
        code = answer.get("Error", {}).get("Code", "")
        if code in _MISSING:
            raise PrivySealError(ErrorCode.NOT_FOUND, f"The bucket {bucket} does not exist.") from error
        # It is this service that may not, whoever has asked it.
        ours, ask = ErrorCode.UNAVAILABLE, ""
        if code in _REFUSED:
            ours, ask = (
                ErrorCode.INVALID_STATE,
                ". The service's credentials need s3:ListBucket and s3:GetObject",
            )
        raise PrivySealError(ours, f"The bucket {bucket} cannot be read: {str(error)[:300]}{ask}") from error
