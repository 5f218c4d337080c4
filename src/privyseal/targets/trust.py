"""Whom the targets that speak TLS believe."""

import ssl

from privyseal.errors import ErrorCode, PrivySealError


def client_context(ca_file: str) -> ssl.SSLContext:
    """Verifies names and chains, by the system's roots or those of a PEM file alone."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl's errors are OSErrors
        why = getattr(error, "reason", None) or error.strerror
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"The ca-file {ca_file} has no usable certificates: {why}."
        ) from None
