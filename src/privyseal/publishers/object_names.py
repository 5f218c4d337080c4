"""Which names of buckets and objects are taken. Checked by every publisher before anything else.

Sources: Amazon S3 user guide, "General purpose bucket naming rules" and "Naming Amazon S3 objects".
Prefixes that S3 has reserved for itself are left to S3.
"""

import re

from privyseal.errors import ErrorCode, PrivySealError

_BUCKET = re.compile(
    r"\A(?=.{3,63}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\Z"
)
_ADDRESS = re.compile(r"\A[0-9]+(\.[0-9]+){3}\Z")
# "Safe characters", segment by segment; no segment means anything to a file system.
_SEGMENT = re.compile(r"\A(?!\.{1,2}\Z)[A-Za-z0-9!_.*'()-]{1,200}\Z")
_MAX_KEY = 1024


def check_bucket_name(bucket: str) -> None:
    """Raises INVALID_ARGUMENT."""
    if not _BUCKET.match(bucket) or _ADDRESS.match(bucket):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"{bucket[:63]!a} cannot be the name of an S3 bucket: 3 to 63 lower-case letters, digits, "
            "hyphens and dots, beginning and ending with a letter or a digit.",
        )


def key_segments(key: str) -> list[str]:
    """The parts of an object's key between slashes. Raises INVALID_ARGUMENT."""
    segments = key.split("/")
    if len(key) > _MAX_KEY or not all(_SEGMENT.match(each) for each in segments):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"{key[:100]!a} cannot be the key of a published object."
        )
    return segments
