"""One HTTP exchange per call, over the standard library: it costs nothing at start-up.

Redirects are not followed and proxies are not used: the signature covers this host and no other.
"""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from privyseal.client.errors import ClientError, UnreachableError

TIMEOUT_S = 60.0  # for each wait on the socket; creating an authority with an RSA_4096 key takes seconds
MAX_REPLY = 64 * 1024 * 1024  # a full page of our own API is far below it
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # names in lower case; of a repeated header the last
    body: bytes


class Transport:
    """Sends requests to one base URL. It keeps no connection, so any number of threads may share it."""

    def __init__(self, url: str, ca_bundle: str | None = None, timeout: float = TIMEOUT_S) -> None:
        """`ca_bundle` is a PEM file with the roots to trust instead of the system's; `timeout` in seconds."""
        parts = _base(url)
        self.url = f"{parts.scheme}://{_host(parts)}"
        self._name = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = _tls(ca_bundle) if parts.scheme == "https" else None
        self._timeout = timeout

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """`target` is path and query as they go on the wire. Raises UnreachableError."""
        connection = self._connection()
        try:
            connection.request(method, target, body=body or None, headers=dict(headers))
            return self._reply(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.url, error) from error
        finally:
            connection.close()

    def _reply(self, response: http.client.HTTPResponse) -> Reply:
        content = response.read(MAX_REPLY + 1)
        if len(content) > MAX_REPLY:
            raise ClientError(f"the reply from {self.url} is larger than {MAX_REPLY} bytes")
        if response.length:  # that much is missing, and a read with a limit does not say so
            raise http.client.IncompleteRead(content, response.length)
        return Reply(response.status, {name.lower(): text for name, text in response.getheaders()}, content)

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._name, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._name, self._port, timeout=self._timeout, context=self._tls)


def _base(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ClientError(f"{url!r} is not a URL: {error}") from error
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in _PORTS or not parts.hostname or not bare:
        raise ClientError(
            f"{url!r} is not the base URL of a service",
            "It looks like http://127.0.0.1:8000: no path, no user.",
        )
    return parts


def _host(parts: SplitResult) -> str:
    """As it stands in the Host header: without the scheme's own port (RFC 9110 §4.2.3)."""
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    return name if parts.port in {None, _PORTS[parts.scheme]} else f"{name}:{parts.port}"


def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle or None)
    except OSError as error:  # ssl.SSLError is one too
        raise ClientError(f"the CA bundle {ca_bundle} cannot be read: {error}") from error


def _unreachable(url: str, error: Exception) -> UnreachableError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return UnreachableError(
            f"the certificate of {url} is not trusted: {error.verify_message}",
            "Name the PEM file with its root in PRIVYSEAL_CA_BUNDLE.",
        )
    if isinstance(error, ConnectionRefusedError):
        return UnreachableError(f"nothing answers at {url}")
    if isinstance(error, TimeoutError):
        return UnreachableError(f"no reply from {url} in time")
    return UnreachableError(f"the exchange with {url} failed: {str(error) or type(error).__name__}")
