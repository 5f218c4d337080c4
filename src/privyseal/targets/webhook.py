"""Events as HTTP POSTs, signed as the Standard Webhooks specification has it (standardwebhooks.com, 1.0).

Headers: `webhook-id` (of the delivery: the same at every attempt), `webhook-timestamp` (seconds since
1970), `webhook-signature` (for each secret `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`).
Redirects are not followed, proxies of the environment not used, and what the receiver says is not repeated.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from privyseal.clock import Clock
from privyseal.dialing import dial
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.targets.notice import body
from privyseal.targets.slack import message
from privyseal.targets.trust import client_context

# Statuses after which EventBridge tries an API destination again (its user guide, "API destinations"), with
# RFC 9110's 408 and RFC 8470's 425, which ask for it. Any other refusal stays one.
AGAIN = frozenset({401, 407, 408, 409, 425, 429})
MAX_ANSWER = 64 * 1024  # bytes of an answer that are read, for politeness: nobody looks at them
SECRET_BYTES = range(24, 65)  # the specification's bounds
# What a body is: the event, or a message for Slack's incoming webhooks.
EVENT, SLACK = "event", "slack"


class WebhookTarget:
    """Implements `events.ports.Target`: one connection for each event."""

    def __init__(
        self,
        name: str,
        *,
        url: str,
        secret: bytes,
        clock: Clock,
        allow_private: bool = False,
        ca_file: str = "",
        timeout_seconds: float = 10.0,
        form: str = EVENT,
    ) -> None:
        """`form`: EVENT or SLACK. Raises INVALID_ARGUMENT for an address or secrets that are none."""
        self.name = name
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if not parts.hostname or port == 0 or "@" in parts.netloc or parts.fragment:
            text = f"The url of [targets.{name}] is https://HOST[:PORT]/PATH, without a user."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        self._host = parts.hostname
        self._port = port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secrets = _secrets(name, secret)
        self._clock = clock
        self._allow_private = allow_private
        self._tls = client_context(ca_file) if parts.scheme == "https" else None
        self._seconds = timeout_seconds
        self._written = message if form == SLACK else body

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        content = json.dumps(self._written(event)).encode()
        connection = dial(self._host, self._port, allow_private=self._allow_private, seconds=self._seconds)
        # Whatever the other side does, it is over then: a socket's own timeout begins anew with each byte.
        watched = connection.dup()  # TLS takes the descriptor of the other one
        over = threading.Event()
        limit = threading.Timer(self._seconds, _end, (watched, over))
        limit.start()
        try:
            status = self._post(connection, content, attempt)
        except (OSError, http.client.HTTPException) as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"{self._authority} gave no answer: {type(error).__name__}: {error}"
            ) from error
        finally:
            limit.cancel()
            limit.join()
            watched.close()
            connection.close()
        if over.is_set():  # half an answer looks like a whole one
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"{self._authority} took too long.")
        self._judge(status)

    def close(self) -> None:
        """Nothing stays open."""

    def _post(self, connection: socket.socket, content: bytes, attempt: Attempt) -> int:
        stream = self._tls.wrap_socket(connection, server_hostname=self._host) if self._tls else connection
        with stream:
            wire = http.client.HTTPConnection(self._authority)
            wire.sock = stream
            wire.request("POST", self._path, content, self._headers(content, attempt))
            answer = wire.getresponse()
            if 200 <= answer.status < 300:
                return answer.status
            answer.read(MAX_ANSWER)
            return answer.status

    def _headers(self, content: bytes, attempt: Attempt) -> Mapping[str, str]:
        at = str(int(self._clock.now().timestamp()))
        signed = f"{attempt.delivery}.{at}.".encode() + content
        signatures = [hmac.digest(secret, signed, hashlib.sha256) for secret in self._secrets]
        return {
            "Host": self._authority,
            "User-Agent": "privyseal",
            "Content-Type": "application/json",
            "Connection": "close",
            "webhook-id": attempt.delivery,
            "webhook-timestamp": at,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
        }

    def _judge(self, status: int) -> None:
        if 200 <= status < 300:
            return
        again = status in AGAIN or status >= 500
        hint = ": redirects are not followed" if 300 <= status < 400 else ""
        raise PrivySealError(
            ErrorCode.UNAVAILABLE if again else ErrorCode.INVALID_ARGUMENT,
            f"{self._authority} answered with status {status}{hint}.",
        )


def _secrets(name: str, text: bytes) -> Sequence[bytes]:
    try:
        found = [
            base64.b64decode(line.strip().removeprefix(b"whsec_"), validate=True)
            for line in text.splitlines()
        ]
    except binascii.Error:
        found = []
    if not found or any(len(each) not in SECRET_BYTES for each in found):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"Each line of the secret-file of [targets.{name}] is whsec_ and the base64 of 24 to 64 bytes: "
            'echo "whsec_$(openssl rand -base64 32)" makes one.',
        )
    return found


def _end(connection: socket.socket, over: threading.Event) -> None:
    over.set()
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already
