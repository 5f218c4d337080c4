"""Buckets as folders below one directory: what is used where there is no S3.

A bucket need not be made: every name that could be a bucket's is one.
"""

from collections.abc import Iterable
from pathlib import Path

from privyseal import log
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.publishers.object_names import check_bucket_name, key_segments


class DirectoryPublisher:
    """Implements `ca.ports.Publisher`: the object KEY of BUCKET is the file FOLDER/BUCKET/KEY, for its
    owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, bucket: str) -> None:
        check_bucket_name(bucket)

    def put(
        self,
        bucket: str,
        key: str,
        content: Iterable[bytes],
        content_type: str,  # noqa: ARG002 - a file has no type
        *,
        acl: str | None = None,  # noqa: ARG002 - it is for its owner
    ) -> None:
        check_bucket_name(bucket)
        path = self._folder.joinpath(bucket, *key_segments(key))
        try:
            write_file(path, content)
        except OSError as error:
            raise _unavailable(error) from error

    def url(self, bucket: str, key: str) -> None:
        """A folder is on no web server that we know of."""


def _unavailable(error: OSError) -> PrivySealError:
    log.exception("publishing failed", error)
    return PrivySealError(ErrorCode.UNAVAILABLE, "The bucket cannot be written now.")
