"""Calls meant for other AWS services: AWS_ENDPOINT_URL sends them all here.

They are answered in the form that their own client reads, so that people see the reason and the way
back. Nothing about such a request is verified, and nothing in it is believed but the service's name.
"""

import re
from xml.sax.saxutils import escape

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import errors
from privyseal.frontends.aws.protocols import awsjson, awsquery, rpcv2cbor
from privyseal.frontends.http import Request, Response
from privyseal.sigv4 import split_query

# Signing names of the services whose protocol is rest-xml (botocore's models); the other REST
# services speak rest-json.
_REST_XML = frozenset({"cloudfront", "route53", "s3", "s3-object-lambda", "s3-outposts", "s3express"})
# Our own REST API is signed in the same way, for a service that is none of AWS's.
_OUR_OWN_API = "privyseal"
_SCOPE = r"[^/, ]*/[0-9]{8}/[A-Za-z0-9-]*/([A-Za-z0-9-]{1,64})/aws4_request"
_SIGV4_SERVICE = re.compile(rf"\AAWS4-[A-Z0-9-]+ Credential={_SCOPE}")
_SIGV4A_SERVICE = re.compile(
    r"\AAWS4-ECDSA[A-Z0-9-]+ Credential=[^/, ]*/[0-9]{8}/([A-Za-z0-9-]{1,64})/aws4_request"
)
_PRESIGNED_SERVICE = re.compile(rf"\A{_SCOPE}\Z")


def claimed_service(request: Request) -> str | None:
    """The AWS service that a request says it is signed for, in header or query, verified or not."""
    service = _scoped_to(request)
    return None if service == _OUR_OWN_API else service


def _scoped_to(request: Request) -> str | None:
    for value in request.headers.all(b"authorization"):
        if match := _SIGV4_SERVICE.match(value) or _SIGV4A_SERVICE.match(value):
            return match[1]
    for name, scope in split_query(request.raw_query):
        if name.lower() == b"x-amz-credential" and (
            match := _PRESIGNED_SERVICE.match(scope.decode("latin-1"))
        ):
            return match[1]
    return None


def refusal(service: str, served: list[str]) -> PrivySealError:
    ours = " and ".join(filter(None, (", ".join(served[:-1]), *served[-1:])))
    text = (
        f"This call is for the AWS service '{service}', but it came to a Privy Seal, which serves only "
        f"{ours}. AWS_ENDPOINT_URL (or endpoint_url in a profile) redirects every service. "
        'To reach AWS again: eval "$(privyseal env --unset)", or unset AWS_ENDPOINT_URL. To redirect acm-pca '
        "alone, set AWS_ENDPOINT_URL_ACM_PCA instead."
    )
    return PrivySealError(ErrorCode.UNKNOWN_SERVICE, text)


def refuse(request: Request, service: str, error: PrivySealError) -> Response:
    """`error` in the form that the clients of `service` read."""
    if request.headers.all(b"smithy-protocol"):
        return rpcv2cbor.refuse(error, request.request_id)
    if service == "ec2":
        return _xml(request, error, "<Response><Errors>{}</Errors><RequestID>{}</RequestID></Response>")
    if service in _REST_XML:
        return _xml(request, error, "{}")
    if any(value.startswith(awsquery.FORM) for value in request.headers.all(b"content-type")):
        return awsquery.refuse(error, request.request_id)
    response = awsjson.refuse(error, request.request_id)
    response.headers.append((b"x-amzn-errortype", errors.WIRE[error.code][0].encode()))  # rest-json
    return response


def _xml(request: Request, error: PrivySealError, frame: str) -> Response:
    name, status = errors.WIRE[error.code]
    inner = (
        f"<Error><Code>{name}</Code><Message>{escape(error.message)}</Message>"
        f"<RequestId>{request.request_id}</RequestId></Error>"
    )
    headers = [(b"content-type", b"application/xml"), (b"x-amz-request-id", request.request_id.encode())]
    body = f'<?xml version="1.0" encoding="UTF-8"?>{frame.format(inner, request.request_id)}'
    return Response(status, body.encode(), headers, error.code.value)
