"""What each contract answers, whether at once or by a link: a certificate, or why there is none."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from privyseal.devices.orders import Order
from privyseal.devices.vending import Enrolled
from privyseal.errors import PrivySealError
from privyseal.frontends.http import Headers, Request, Response
from privyseal.frontends.provisioning.refusals import refusal

PROVISION, NEW, PROTO = "provision", "new", "proto"
_JSON = (b"content-type", b"application/json")


class ProvisionResponse(Struct):
    certificate: str
    certificate_chain: str
    certificate_arn: str
    endpoint: str


class NewResponse(Struct):
    certificate: str
    endpoint: str


def _provision(enrolled: Enrolled) -> Response:
    answer = ProvisionResponse(enrolled.certificate, enrolled.chain, enrolled.arn, enrolled.endpoint)
    return Response(200, msgspec.json.encode(answer), [_JSON])


def _new(enrolled: Enrolled) -> Response:
    return Response(200, msgspec.json.encode(NewResponse(enrolled.certificate, enrolled.endpoint)), [_JSON])


def _proto(enrolled: Enrolled) -> Response:
    return Response(200, enrolled.certificate.encode(), [(b"content-type", b"text/plain")])


def _silent(request: Request, error: PrivySealError) -> Response:
    """500 with an empty body when a certificate cannot be issued, whoever's fault it is."""
    response = refusal(request, error)
    if response.status < 500:
        return response
    kept = [header for header in response.headers if header[0] == b"retry-after"]
    return Response(500, b"", kept, response.outcome)


# Contract → what it answers.
ANSWERS: Mapping[str, Callable[[Enrolled], Response]] = {PROVISION: _provision, NEW: _new, PROTO: _proto}
REFUSALS: Mapping[str, Callable[[Request, PrivySealError], Response]] = {
    PROVISION: refusal,
    NEW: _silent,
    PROTO: _silent,
}


def of_order(order: Order) -> Response:
    """What the call would have answered that placed the order, which has an outcome."""
    assert order.outcome is not None
    if isinstance(order.outcome, PrivySealError):
        return REFUSALS[order.contract](_request_of(order), order.outcome)
    return ANSWERS[order.contract](order.outcome)


def as_object(order: Order) -> Response:
    """The same where there is no status: every error is a problem document, which says it."""
    if isinstance(order.outcome, PrivySealError):
        return refusal(_request_of(order), order.outcome)
    return of_order(order)


def _request_of(order: Order) -> Request:
    return Request("POST", f"/{order.contract}".encode(), b"", Headers([]), "", order.request_id)
