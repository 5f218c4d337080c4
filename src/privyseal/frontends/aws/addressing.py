"""Which service and operation a request names, and in which language. Nothing here is verified yet."""

import re
from functools import lru_cache

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import foreign
from privyseal.frontends.aws.protocols import Wire, awsjson, awsjson10, awsquery, rpcv2cbor
from privyseal.frontends.http import Request
from privyseal.value import Value

RPC_PREFIX = b"/service/"
_RPC_PATH = re.compile(rb"\A/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})\Z")
_TARGET = re.compile(r"\A([A-Za-z0-9_.]{1,128})\.([A-Za-z0-9_]{1,128})\Z")
_ACTION = re.compile(r"\A[A-Za-z0-9_]{1,128}\Z")

# sts is the only service here that speaks awsQuery, whose requests name their service nowhere but in
# the credential scope.
QUERY_SERVICE = "sts"


class Address(Value, frozen=True):
    """`wire` is None for a request in none of the languages. `target` stands for the service, as in
    X-Amz-Target; `target` and `operation` are empty when the request does not name them.
    """

    wire: Wire | None
    target: str
    operation: str


def locate(request: Request) -> Address:
    """Never raises: what cannot be read is left empty."""
    if request.raw_path.startswith(RPC_PREFIX):
        match = _RPC_PATH.match(request.raw_path)
        service, operation = (part.decode() for part in match.groups()) if match else ("", "")
        return Address(rpcv2cbor, service, operation)
    if request.raw_path != b"/":
        return Address(None, "", "")
    if targets := request.headers.all(b"x-amz-target"):
        return _at_target(targets[0])
    if any(value.startswith(awsquery.FORM) for value in request.headers.all(b"content-type")):
        here = foreign.claimed_service(request) in {None, QUERY_SERVICE}
        return Address(awsquery, QUERY_SERVICE if here else "", _action(request.body))
    return Address(None, "", "")


@lru_cache(maxsize=256)  # there are a hundred operations or so
def _at_target(target: str) -> Address:
    named = _TARGET.match(target)
    return Address(awsjson, *(named.groups() if named else ("", "")))


def check_envelope(request: Request, wire: Wire) -> None:
    """The method and the headers that this language asks for."""
    if request.method != "POST":
        raise PrivySealError(ErrorCode.METHOD_NOT_ALLOWED, "AWS calls are made with POST.")
    media_type = request.headers.media_type()
    if wire is awsjson:
        expected = awsjson.CONTENT_TYPE.decode()
    elif wire is awsjson10:
        expected = awsjson10.CONTENT_TYPE.decode()
    elif wire is rpcv2cbor:
        expected = rpcv2cbor.CONTENT_TYPE.decode()
        if request.headers.get(b"smithy-protocol") != rpcv2cbor.PROTOCOL.decode():
            text = f"The header smithy-protocol must be '{rpcv2cbor.PROTOCOL.decode()}'."
            raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, text)
        if not request.body and not media_type:
            return
    else:
        expected = awsquery.FORM
    if media_type != expected:
        raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, f"The Content-Type must be '{expected}'.")


def _action(body: bytes) -> str:
    try:
        action = awsquery.parse(body).get("Action", "")
    except PrivySealError:
        return ""
    return action if _ACTION.match(action) else ""
