"""Requests as bytes, signed and then spoiled at will, and what comes back for them."""

import contextlib
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import cbor2

from privyseal import sigv4
from privyseal.client.connection import Environment

JSON_TYPE = "application/x-amz-json-1.1"
RPC = "/service/ACMPrivateCA/operation/"
SILENCE = 10.0  # seconds without a byte, after which nothing more is expected
_XML_CODE = re.compile(rb"<Code>(\w+)</Code>")


@dataclass(frozen=True)
class Reply:
    """`status` is 0 when the connection was closed without an answer."""

    status: int
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        """The exception's name, in whichever language the answer is; empty where it names none."""
        if match := _XML_CODE.search(self.body):
            return match[1].decode()
        value = _decoded(self.body)
        if not isinstance(value, dict):
            return ""
        error = value.get("error")
        named = error.get("code") if isinstance(error, dict) else value.get("__type") or value.get("code")
        return str(named or "")


@dataclass(frozen=True)
class World:
    """A running service, the authority that it issues from, and a registered device with its key's CSR."""

    environment: Environment
    issuer: str
    root: str
    certificate: str  # an ARN
    device_id: str
    device_csr: str
    foreign_csr: str  # with the device's name and another key
    wrong_name_csr: str  # with the device's key and another name

    def request(
        self,
        method: str = "POST",
        target: str = "/",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        add: tuple[str, ...] = (),
        replace: Mapping[str, str] | None = None,
        drop: tuple[str, ...] = (),
        sent_body: bytes | None = None,
        sent_target: str | None = None,
        sent_method: str | None = None,
        late: timedelta = timedelta(),
        **signer: str,
    ) -> bytes:
        """Signed as `method target headers body`; sent as changed by the other arguments."""
        environment = self.environment
        fields = sigv4.sign(
            method,
            environment.url + target,
            headers or {},
            body,
            access_key_id=signer.get("key_id", environment.access_key_id),
            secret_key=signer.get("secret", environment.secret_access_key),
            session_token=signer.get("session_token"),
            region=signer.get("region", environment.region),
            service=signer.get("service", "acm-pca"),
            now=datetime.now(UTC) - late,
        )
        fields = {**fields, **(replace or {})}
        sent = body if sent_body is None else sent_body
        lines = [f"{name}: {value}" for name, value in fields.items() if name not in drop]
        head = f"{sent_method or method} {sent_target or target} HTTP/1.1"
        length = () if "Content-Length" in drop else (f"Content-Length: {len(sent)}",)
        return "\r\n".join([head, *lines, *add, *length, "", ""]).encode("latin-1") + sent

    def json(self, operation: str, body: bytes | Mapping[str, Any], **changes: Any) -> bytes:
        """awsJson1.1."""
        headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"ACMPrivateCA.{operation}"}
        headers |= changes.pop("headers", {})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/", headers, data, **changes)

    def cbor(self, operation: str, body: bytes | Mapping[str, Any], **changes: Any) -> bytes:
        """rpc-v2-cbor."""
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        headers |= changes.pop("headers", {})
        data = body if isinstance(body, bytes) else cbor2.dumps(body)
        return self.request("POST", changes.pop("target", RPC + operation), headers, data, **changes)

    def rest(self, method: str, path: str, body: bytes = b"", **changes: Any) -> bytes:
        """Our own API."""
        headers = {"Content-Type": "application/json"} if body else {}
        return self.request(method, path, headers, body, **{"service": "privyseal", **changes})

    def plain(
        self, method: str, target: str, body: bytes = b"", content_type: str | None = "application/json"
    ) -> bytes:
        """Without a signature."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"Content-Type: {content_type}"] if content_type else []
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body

    @property
    def host(self) -> str:
        return urlsplit(self.environment.url).netloc

    def describe(self) -> bytes:
        """A request with nothing wrong with it."""
        return self.json("DescribeCertificateAuthority", {"CertificateAuthorityArn": self.issuer})


def exchange(url: str, data: bytes) -> Reply:
    """Send `data` on a connection of its own and read one answer; the time includes the connection's."""
    address = urlsplit(url)
    started = time.monotonic()
    with socket.create_connection(
        (address.hostname or "", address.port or 80), timeout=SILENCE
    ) as connection:
        with contextlib.suppress(OSError):  # refused before it had all been sent: the answer says why
            connection.sendall(data)
        received = _read(connection, has_body=not data.startswith(b"HEAD "))
    status, _, rest = received.partition(b"\r\n")
    number = int(status.split(b" ")[1]) if received else 0
    return Reply(number, rest.partition(b"\r\n\r\n")[2], time.monotonic() - started)


def _read(connection: socket.socket, *, has_body: bool) -> bytes:
    received = b""
    while not _is_whole(received, has_body=has_body):
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            break
        if not chunk:
            break
        received += chunk
    return received


def _is_whole(received: bytes, *, has_body: bool) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"\r\ncontent-length: *([0-9]+)", head.lower())
    return not has_body or (length is not None and len(body) >= int(length[1]))


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        try:
            return cbor2.loads(body)
        except (cbor2.CBORError, ValueError):
            return None
