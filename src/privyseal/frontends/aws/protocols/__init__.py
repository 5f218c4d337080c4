"""The languages of AWS's RPC protocols: bytes to typed requests and answers to bytes, one per file.

An answer is a response shape, a mapping of wire names, or None for an operation without output.
"""

from typing import Any, Protocol

from msgspec import Struct

from privyseal.errors import PrivySealError
from privyseal.frontends.aws.errors import Names
from privyseal.frontends.http import Response


class Wire(Protocol):
    """What each file of this folder offers."""

    def decode(self, body: bytes, shape: type[Struct], /) -> Struct:
        """Raises MALFORMED_REQUEST (not this language, wrong types) or VALIDATION (a constraint)."""
        ...

    def answer(self, value: Any, operation: str, request_id: str, /) -> Response: ...

    def refuse(self, error: PrivySealError, request_id: str, names: Names = ..., /) -> Response: ...
