"""A row of the tables: a kind, a name, the bytes to send and the refusal to expect."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.hostile.wire import World

Make = Callable[[World], bytes]


@dataclass(frozen=True)
class Refusal:
    """The status of HTTP and the name of the exception; no name where HTTP itself is refused."""

    status: int
    code: str = ""


@dataclass(frozen=True)
class Case:
    kind: str
    name: str
    make: Make
    refusal: Refusal

    @property
    def title(self) -> str:
        return f"{self.kind}: {self.name}"


Row = tuple[str, Make] | tuple[str, Make, Refusal]


def rows(kind: str, refusal: Refusal, *table: Row) -> list[Case]:
    """A table of (name, bytes) that are all refused alike, or (name, bytes, refusal) where one is not."""
    return [Case(kind, row[0], row[1], row[2] if len(row) == 3 else refusal) for row in table]


def each(
    kind: str, refusal: Refusal, make: Callable[[World, bytes], bytes], bodies: Iterable[bytes]
) -> list[Case]:
    """One row for each body; its beginning is its name."""
    return [
        Case(kind, f"{number} {body[:24]!r}", lambda world, body=body: make(world, body), refusal)  # type: ignore[misc]
        for number, body in enumerate(bodies)
    ]


# acm-pca's names (botocore's model, "Common Errors" of the API reference) and statuses.
SERIALIZATION = Refusal(400, "SerializationException")
VALIDATION = Refusal(400, "ValidationException")
INVALID_ARGS = Refusal(400, "InvalidArgsException")
INVALID_ARN = Refusal(400, "InvalidArnException")
INVALID_REQUEST = Refusal(400, "InvalidRequestException")
INVALID_STATE = Refusal(400, "InvalidStateException")
INVALID_TAG = Refusal(400, "InvalidTagException")
INVALID_TOKEN = Refusal(400, "InvalidNextTokenException")
NO_SUCH_RESOURCE = Refusal(400, "ResourceNotFoundException")
MALFORMED_CSR = Refusal(400, "MalformedCSRException")
MALFORMED_CERTIFICATE = Refusal(400, "MalformedCertificateException")
UNKNOWN_OPERATION = Refusal(400, "UnknownOperationException")
WRONG_METHOD = Refusal(405, "UnknownOperationException")
UNKNOWN_SERVICE = Refusal(400, "UnknownServiceException")
TOO_LARGE = Refusal(413, "RequestEntityTooLargeException")
NO_CREDENTIALS = Refusal(400, "MissingAuthenticationTokenException")
UNREADABLE_CREDENTIALS = Refusal(400, "IncompleteSignatureException")
UNKNOWN_CREDENTIALS = Refusal(400, "UnrecognizedClientException")
BAD_SIGNATURE = Refusal(400, "InvalidSignatureException")
# What HTTP itself refuses: the server answers before there is a request.
BAD_HTTP = Refusal(400)
HEAD_TOO_LARGE = Refusal(431)
# Problem documents of /provision and of paths that nobody serves.
NOTHING_HERE = Refusal(404, "not-found")
