"""Asking for a certificate over a network that is not to be relied upon.

What may pass by itself (no reply, 429, 5xx) is tried again, after the waits of `patience.py`, and never
sooner than `Retry-After` says. What the service refuses for good (400, 403, 404 …) is raised at once.

The reply may be a link (202), which is fetched with the same patience. When it leads nowhere any more, or
to an error that may pass, the same request is sent again: it gets the same link as long as that counts. A
link to another server is one to a bucket: that says 403 or 404 as long as there is no answer, and an error
is a problem document there whose status is in it.
"""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from privyseal.agent.patience import Patience, Told
from privyseal.client.errors import ApiError, ClientError, UnreachableError
from privyseal.client.transport import Reply, Transport

PATH = "/provision"
AGAIN = frozenset({429, 500, 502, 503, 504})
GONE = frozenset({404, 410})  # a link of the service's own, which does not count any more
NOT_YET = frozenset({403, 404})  # a link to a bucket, as long as nothing is there
PATIENCE_S = 300.0  # as long as the same request is a retry


@dataclass(frozen=True, slots=True)
class Provisioned:
    certificate: str  # PEM
    chain: str  # PEM, from the issuer to the root
    endpoint: str = ""  # where it connects; "" where the service does not say


class Provisioning:
    """One service. `retried(why, wait)` is told of each failure that is tried again. Shared by threads."""

    def __init__(
        self,
        transport: Transport,
        *,
        patience: float = PATIENCE_S,
        respond_async: bool = False,
        elsewhere: Callable[[str], Transport] = Transport,
        retried: Told | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """With `respond_async` it asks for links. `elsewhere` makes the transport to another server."""
        self._transport = transport
        self._patience = patience
        self._respond_async = respond_async
        self._elsewhere = elsewhere
        self._retried = retried
        self._sleep = sleep
        self._monotonic = monotonic

    def ask(self, device_id: str, csr: str) -> Provisioned:
        """The certificate for the CSR. Raises ApiError when it is refused, ClientError when patience ends."""
        patience = Patience(self._patience, told=self._retried, sleep=self._sleep, monotonic=self._monotonic)
        while True:
            try:
                reply = self._send(device_id, csr)
                return _answer(self._fetch(reply, patience) if reply.status == 202 else reply)
            except ApiError as error:
                if error.status not in AGAIN:
                    raise
                patience.wait(error, error.retry_after if isinstance(error, _LaterError) else 0.0)
            except UnreachableError as error:
                _check_trusted(error)
                patience.wait(error)

    def _send(self, device_id: str, csr: str) -> Reply:
        body = json.dumps({"csr": csr, "device_id": device_id}).encode()
        headers = {"Content-Type": "application/json"}
        if self._respond_async:
            headers["Prefer"] = "respond-async"
        return self._transport.send("POST", PATH, headers, body)

    def _fetch(self, placed: Reply, patience: Patience) -> Reply:
        """What the link leads to, once there is something."""
        transport, target = self._follow(placed)
        own, pending = transport is self._transport, placed
        while True:
            patience.wait_for_answer(_seconds(pending.headers.get("retry-after", "")))
            try:
                reply = transport.send("GET", target, {}, b"")
            except UnreachableError as error:
                _check_trusted(error)
                patience.wait(error)
                continue
            if own and reply.status in GONE:
                raise _LaterError("expired", "the link leads nowhere any more", 503)
            if reply.status != 202 and (own or reply.status not in NOT_YET):
                return reply
            pending = reply

    def _follow(self, placed: Reply) -> tuple[Transport, str]:
        """RFC 3986 §5: the link may be relative. Raises ClientError for one that nobody should follow."""
        url = urlsplit(urljoin(f"{self._transport.url}{PATH}", placed.headers.get("location", "")))
        base, target = f"{url.scheme}://{url.netloc}", url.path + (f"?{url.query}" if url.query else "")
        if base == self._transport.url:
            return self._transport, target
        if self._transport.url.startswith("https:") and url.scheme != "https":
            raise ClientError("the link leads to a server without TLS", "It is not followed.")
        return self._elsewhere(base), target


class _LaterError(ApiError):
    """A refusal that says when to come back."""

    retry_after = 0.0


def _answer(reply: Reply) -> Provisioned:
    members = _members(reply.body)
    if reply.status != 200 or _is_problem(reply):
        raise _refusal(reply, members)
    certificate, chain = members.get("certificate"), members.get("certificate_chain")
    if not isinstance(certificate, str) or not isinstance(chain, str):
        raise ClientError("the answer is not a certificate", "Is this the URL of Privy Seal?")
    return Provisioned(certificate, chain, str(members.get("endpoint") or ""))


def _refusal(reply: Reply, members: dict[str, Any]) -> ApiError:
    status = members.get("status") if reply.status == 200 else reply.status
    text = str(members.get("detail") or f"HTTP status {status}, without a reason")
    code = str(members.get("code") or f"HTTP {status}")
    error = _LaterError(
        code, text, status if isinstance(status, int) else 500, str(members.get("request_id") or "")
    )
    error.retry_after = _seconds(reply.headers.get("retry-after", ""))
    return error


def _is_problem(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("application/problem+json")


def _check_trusted(error: UnreachableError) -> None:
    """A server that cannot show who it is will not do so later either. Raises the error."""
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        raise error


def _members(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(value: str) -> float:
    """Of a Retry-After header: seconds, or a date (RFC 9110 §10.2.3); 0 for anything else."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return 0.0
