"""Asking for a certificate over a network that is not to be relied upon.

What may pass by itself (no reply, 429, 5xx) is tried again: after twice the wait each time, a random
part of it so that a fleet does not come back in step, and never sooner than `Retry-After` says. What
the service refuses for good (400, 403, 404 …) is raised at once.
"""

import json
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from privyseal.client.errors import ApiError, ClientError, UnreachableError
from privyseal.client.transport import Reply, Transport

PATH = "/provision"
AGAIN = frozenset({429, 500, 502, 503, 504})
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
PATIENCE_S = 300.0  # as long as the same request is a retry


@dataclass(frozen=True, slots=True)
class Provisioned:
    certificate: str  # PEM
    chain: str  # PEM, from the issuer to the root


class Provisioning:
    """One service. `retried(why, wait)` is told of each failure that is tried again. Shared by threads."""

    def __init__(
        self,
        transport: Transport,
        *,
        patience: float = PATIENCE_S,
        retried: Callable[[str, float], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._retried = retried
        self._sleep = sleep
        self._monotonic = monotonic

    def ask(self, device_id: str, csr: str) -> Provisioned:
        """The certificate for the CSR. Raises ApiError when it is refused, ClientError when patience ends."""
        until = self._monotonic() + self._patience
        most = FIRST_WAIT_S
        while True:
            try:
                return _answer(self._send(device_id, csr))
            except ApiError as error:
                failure: ClientError = error
                if error.status not in AGAIN:
                    raise
            except UnreachableError as error:
                failure = error
                if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                    raise
            least = failure.retry_after if isinstance(failure, _LaterError) else 0.0
            wait = max(least, random.uniform(most / 2, most))  # noqa: S311 - it keeps no secret
            if self._monotonic() + wait > until:
                raise failure
            if self._retried:
                self._retried(str(failure), wait)
            self._sleep(wait)
            most = min(2 * most, LONGEST_WAIT_S)

    def _send(self, device_id: str, csr: str) -> Reply:
        body = json.dumps({"csr": csr, "device_id": device_id}).encode()
        return self._transport.send("POST", PATH, {"Content-Type": "application/json"}, body)


class _LaterError(ApiError):
    """A refusal that says when to come back."""

    retry_after = 0.0


def _answer(reply: Reply) -> Provisioned:
    members = _members(reply.body)
    if reply.status != 200:
        raise _refusal(reply, members)
    certificate, chain = members.get("certificate"), members.get("certificate_chain")
    if not isinstance(certificate, str) or not isinstance(chain, str):
        raise ClientError("the answer is not a certificate", "Is this the URL of Privy Seal?")
    return Provisioned(certificate, chain)


def _refusal(reply: Reply, members: dict[str, Any]) -> ApiError:
    text = str(members.get("detail") or f"HTTP status {reply.status}, without a reason")
    code = str(members.get("code") or f"HTTP {reply.status}")
    error = _LaterError(code, text, reply.status, str(members.get("request_id") or ""))
    error.retry_after = _seconds(reply.headers.get("retry-after", ""))
    return error


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
