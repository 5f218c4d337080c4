"""AWS Signature Version 4 in its header form: make one, verify one. Pure: no clock, no I/O.

Source: AWS IAM user guide, "AWS Signature Version 4 for API requests". Refused by design: presigned
queries, unsigned and streaming payloads, SigV4A. The hash of the body is always that of the bytes
received. Clients sign a path without empty and dot segments; the server verifies the path that it
received and dispatches on, so any other spelling of it does not verify.
"""

from privyseal.sigv4.canonical import Headers, split_query
from privyseal.sigv4.signing import sign
from privyseal.sigv4.verification import (
    Credential,
    SignedRequest,
    is_presigned,
    parse_authorization,
    verify,
)

__all__ = [
    "Credential",
    "Headers",
    "SignedRequest",
    "is_presigned",
    "parse_authorization",
    "sign",
    "split_query",
    "verify",
]
