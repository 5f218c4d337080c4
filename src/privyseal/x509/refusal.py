"""How the readers of this package say no: a reason, to which their caller adds the code.

The same name may be part of a CSR, of a CA certificate or of an API call, and each of these has an
error of its own on the wire.
"""

from privyseal.errors import ErrorCode, PrivySealError


class RefusalError(ValueError):
    """What was read is malformed or not acceptable; the text says why, and holds no raw bytes."""


class reported:  # noqa: N801 - reads as a verb where it is used
    """Turn a RefusalError into `PrivySealError(code)`; `what` names the thing that was read.

    A class, because a generator that does the same costs more than some of the readings.
    """

    __slots__ = ("_code", "_what")

    def __init__(self, code: ErrorCode, what: str) -> None:
        self._code = code
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RefusalError):
            raise PrivySealError(self._code, f"{self._what}: {error}.") from error


def shown(text: str, limit: int = 80) -> str:
    """Hostile text, fit for a message: escaped and short."""
    return ascii(text if len(text) <= limit else f"{text[:limit]}…")
