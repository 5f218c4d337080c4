"""How the readers of this package say no: a reason, to which their caller adds the code.

The same name may be part of a CSR, of a CA certificate or of an API call, and each of these has an
error of its own on the wire.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from privyseal.errors import ErrorCode, PrivySealError


class RefusalError(ValueError):
    """What was read is malformed or not acceptable; the text says why, and holds no raw bytes."""


@contextmanager
def reported(code: ErrorCode, what: str) -> Iterator[None]:
    """Turn a RefusalError into `PrivySealError(code)`; `what` names the thing that was read."""
    try:
        yield
    except RefusalError as error:
        raise PrivySealError(code, f"{what}: {error}.") from error


def shown(text: str, limit: int = 80) -> str:
    """Hostile text, fit for a message: escaped and short."""
    return ascii(text if len(text) <= limit else f"{text[:limit]}…")
