"""Requests that are answered with `{"error": …}`, in the words that callers match on."""

from typing import Final

KEY_REUSED: Final = "Private key has already been used for a certificate"
NO_COMMON_NAME: Final = "CSR must include a Common Name"
ALREADY_ISSUED: Final = "Certificate already issued"


class Refused(Exception):  # noqa: N818 - what the caller is told; nothing has gone wrong
    """`told`: whether those who watch the CA hear of it too, in a notice."""

    def __init__(self, message: str, *, told: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.told = told


def too_short(lifetime: str) -> Refused:
    return Refused(f"{lifetime} is too short")


def no_csr_file(name: str, bucket: str) -> Refused:
    return Refused(f"CSR file '{name}' not found in S3 bucket '{bucket}'", told=False)


def already_issued() -> Refused:
    """Not told: each run of a pipeline asks again for all that it has."""
    return Refused(ALREADY_ISSUED, told=False)
