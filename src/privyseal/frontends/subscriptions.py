"""`/subscriptions/ID/confirm` and `…/unsubscribe`: where the links in mails lead.

GET shows a page with a button and changes nothing, for mail scanners open every link; POST does it, as
RFC 8058 has it for unsubscribing. The link is the right to do it: nobody needs an access key.
"""

import html
from collections.abc import Mapping

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.subscriptions import Deed, Subscriptions
from privyseal.frontends.http import Pool, Request, Response, Route

PREFIX = b"/subscriptions/"
METHODS = ("GET", "HEAD", "POST")
MAX_BODY = 4096

# What the page says before and after the button is pressed.
_ASKS = {Deed.CONFIRM: "Confirm the subscription", Deed.UNSUBSCRIBE: "End the subscription"}
_DONE = {Deed.CONFIRM: "The subscription is confirmed.", Deed.UNSUBSCRIBE: "The subscription has ended."}

# What cannot come out of this contract stands for a defect of ours.
STATUS: Mapping[ErrorCode, int] = dict.fromkeys(ErrorCode, 500) | {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.INVALID_STATE: 410,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.THROTTLED: 503,
    ErrorCode.UNAVAILABLE: 503,
}

_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),  # the address of the page is a secret
    (b"content-security-policy", b"default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
)


class SubscriptionFrontend:
    name = "subscriptions"

    def __init__(self, subscriptions: Subscriptions, pool: Pool) -> None:
        self._subscriptions = subscriptions
        self._pool = pool

    def routes(self) -> list[Route]:
        return [Route(PREFIX, self, METHODS, below=True, body=MAX_BODY)]

    async def handle(self, request: Request) -> Response:
        deed, subscription_id = _meant(request)
        query = request.query()
        until, signature = query.get("until", ""), query.get("signature", "")
        if request.method != "POST":
            request.operation = "ShowSubscription"
            found = await self._pool.run(self._subscriptions.look, deed, subscription_id, until, signature)
            button = f'<form method="post"><button>{_ASKS[deed]}</button></form>'
            return _page(200, f"Events for {found.address} from {found.target}", button)
        if deed is Deed.CONFIRM:
            request.operation = "ConfirmSubscription"
            await self._pool.run(
                self._subscriptions.confirm, subscription_id, until, signature, request.request_id
            )
        else:
            request.operation = "Unsubscribe"
            await self._pool.run(
                self._subscriptions.unsubscribe, subscription_id, signature, request.request_id
            )
        return _page(200, _DONE[deed])

    def refuse(self, request: Request, error: PrivySealError) -> Response:  # noqa: ARG002 - a port's signature
        return _page(STATUS[error.code], error.message, outcome=error.code.value)


def _meant(request: Request) -> tuple[Deed, str]:
    segments = request.segments(PREFIX)
    if len(segments) == 2 and segments[1] in set(Deed):
        return Deed(segments[1]), segments[0]
    raise PrivySealError(ErrorCode.NOT_FOUND, "There is nothing here.")


def _page(status: int, says: str, then: str = "", outcome: str = "ok") -> Response:
    body = f"<!doctype html><title>Privy Seal</title><p>{html.escape(says)}</p>{then}\n"
    return Response(status, body.encode(), list(_HEADERS), outcome)
