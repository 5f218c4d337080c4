"""The client of the service: signed calls in AWS JSON 1.1, and signed calls of our own REST API.

Values are as on the wire (member names of the acm-pca model, timestamps as epoch seconds), except
that blobs are given as `bytes`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from privyseal import sigv4
from privyseal.client.errors import ApiError, ClientError
from privyseal.client.transport import Reply, Transport
from privyseal.clock import Clock, SystemClock

TARGET = "ACMPrivateCA"  # targetPrefix of the acm-pca service model
SIGNING_NAME = "acm-pca"
REST_SIGNING_NAME = "privyseal"
REST_PREFIX = "/api/v1"
PAGE = 100


class Caller(Protocol):
    """Whoever can carry out an acm-pca operation: a client over HTTP, or the service in its own process."""

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The output of `operation`. Raises ApiError when it is refused."""
        ...


class PrivySealClient:
    """Calls one service with one access key. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        access_key_id: str,
        secret_access_key: str,
        *,
        session_token: str | None = None,
        region: str = "us-east-1",
        ca_bundle: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`ca_bundle` is a PEM file with the roots that an https:// service is checked against."""
        self._transport = Transport(url, ca_bundle)
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._session_token = session_token
        self.region = region
        self._clock = clock or SystemClock()

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One acm-pca operation. Raises ApiError when refused, UnreachableError without a reply."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{operation}"}
        body = json.dumps(params, default=_blob).encode()
        reply = self._signed(SIGNING_NAME, "POST", "/", headers, body)
        if reply.status != 200:
            raise _aws_error(reply)
        # An operation whose model has no output is answered without a body.
        return _object(reply, self._transport.url) if reply.body else {}

    def rest(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> dict[str, Any]:
        """One call of our own API: `path` is below /api/v1. Raises as `call` does."""
        target = REST_PREFIX + path
        if query:
            target += "?" + urlencode(sorted(query.items()), quote_via=quote, safe="")
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if content else {})
        reply = self._signed(REST_SIGNING_NAME, method, target, headers, content)
        if reply.status not in {200, 201}:
            raise _rest_error(reply)
        return _object(reply, self._transport.url)

    def pages(
        self, path: str, member: str, query: Mapping[str, str | int] | None = None
    ) -> Iterator[dict[str, Any]]:
        """All entries of a listing of our own API, fetched page by page as they are asked for."""
        asked: dict[str, str | int] = {"limit": PAGE, **(query or {})}
        while True:
            reply = self.rest("GET", path, query=asked)
            yield from reply[member]
            if not reply.get("next"):
                return
            asked["after"] = reply["next"]

    def _signed(self, service: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        signed = sigv4.sign(
            method,
            self._transport.url + target,
            headers,
            body,
            access_key_id=self._access_key_id,
            secret_key=self._secret_access_key,
            session_token=self._session_token,
            region=self.region,
            service=service,
            now=self._clock.now(),
        )
        return self._transport.send(method, target, signed, body)


def segment(value: str) -> str:
    """One segment of a REST path."""
    return quote(value, safe="")


def _blob(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in AWS JSON")


def _object(reply: Reply, url: str) -> dict[str, Any]:
    value = _json(reply.body)
    if value is None:
        raise ClientError(
            f"{url} answered with something that is not a JSON object", "Is this the URL of Privy Seal?"
        )
    return value


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return value if isinstance(value, dict) else None


def _aws_error(reply: Reply) -> ApiError:
    """AWS JSON errors: `__type` may carry a namespace before `#` and a URL after `:`."""
    value = _json(reply.body) or {}
    code = str(value.get("__type", "")).rpartition("#")[2].partition(":")[0]
    message = value.get("message") or value.get("Message")
    return _error(reply, code, message, reply.headers.get("x-amzn-requestid", ""))


def _rest_error(reply: Reply) -> ApiError:
    error = (_json(reply.body) or {}).get("error")
    value = error if isinstance(error, dict) else {}
    return _error(reply, str(value.get("code", "")), value.get("message"), str(value.get("request_id", "")))


def _error(reply: Reply, code: str, message: object, request_id: str) -> ApiError:
    text = str(message) if message else f"the service answered with HTTP status {reply.status} and no message"
    return ApiError(code or f"HTTP {reply.status}", text, reply.status, request_id)
