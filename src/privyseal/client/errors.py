"""What a caller of the service may have to catch: `ClientError` is all of it.

What is wrong with the caller's own values (a common name, a PEM file) is a
`privyseal.errors.PrivySealError`, raised before anything is sent.
"""


class ClientError(Exception):
    """`message` says what went wrong; `advice`, where there is any, says what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class NoServiceError(ClientError):
    """Nobody said where the service is: no environment file and no variables."""


class UnreachableError(ClientError):
    """No reply from the service. A request that was sent may or may not have been carried out."""


class ApiError(ClientError):
    """The service refused. `code` is the exception's name on the AWS wire, or that of our own API."""

    def __init__(self, code: str, message: str, status: int, request_id: str = "", advice: str = "") -> None:
        super().__init__(message, advice)
        self.code = code
        self.status = status
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
