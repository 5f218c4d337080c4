"""awsQuery: form fields in, XML out. Only sts speaks it here: strings and no nested shapes.

Source: Smithy 2.0, "AWS query protocol".
"""

from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import msgspec
from msgspec import Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import constraints, errors
from privyseal.frontends.http import Response

FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 100
_MAX_BODY = 16 * 1024  # bytes: it is read before its signature is, to find out what it asks
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ENVELOPE = ("Action", "Version")  # fields that are not members of the request


def decode(body: bytes, shape: type[Struct]) -> Struct:
    fields = parse(body)
    members = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    return constraints.convert(members, shape, blobs_are_bytes=False)


def parse(body: bytes) -> dict[str, Any]:
    """The form's fields. Each occurs once."""
    if len(body) > _MAX_BODY:
        raise _malformed(f"it is larger than {_MAX_BODY} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise _malformed("it cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _malformed("a field occurs twice")
    return fields


def answer(value: Any, operation: str, request_id: str) -> Response:
    plain = msgspec.to_builtins(value) if value is not None else {}
    members = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in plain.items())
    body = (
        f'<{operation}Response xmlns="{_NAMESPACE}"><{operation}Result>{members}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, body.encode(), _headers(request_id))


def refuse(error: PrivySealError, request_id: str, names: errors.Names = errors.QUERY) -> Response:
    name, status = names[error.code]
    party = "Receiver" if status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{party}</Type><Code>{name}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(status, body.encode(errors="xmlcharrefreplace"), _headers(request_id), error.code.value)


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"text/xml"), (b"x-amzn-requestid", request_id.encode())]


def _malformed(why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, f"The body is not a form: {why}")
