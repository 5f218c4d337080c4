"""acm called without an SDK: signed JSON requests, and what comes back.

Nothing here checks a request before it is sent, and everything checks an answer: an operation that
answers an error which the service model does not list for it fails whichever test sent the request.
"""

import base64
import gzip
import http.client
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore

from privyseal.frontends.aws import errors
from privyseal.sigv4 import sign

_MODEL = Path(botocore.__file__).parent / "data" / "acm" / "2015-12-08" / "service-2.json.gz"
MODEL: Mapping[str, Any] = json.loads(gzip.decompress(_MODEL.read_bytes()))
OPERATIONS: Mapping[str, Any] = MODEL["operations"]
# Operation → the names of the errors that the service model lists for it.
MODELLED: Mapping[str, frozenset[str]] = {
    name: frozenset(error["shape"] for error in operation.get("errors", ()))
    for name, operation in sorted(OPERATIONS.items())
}
ACME = frozenset(name for name in OPERATIONS if "Acme" in name)


class Answer(NamedTuple):
    """`error` is the exception's name, "" for a success; `members` is the decoded body."""

    status: int
    error: str
    message: str
    members: dict[str, Any]


class Wire:
    """One connection and one access key. `now` is the time of the signatures."""

    def __init__(
        self,
        url: str,
        key_id: str,
        secret: str,
        region: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._key = {"access_key_id": key_id, "secret_key": secret, "region": region}
        self._now = now
        address = urlsplit(url)
        assert address.hostname
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def send(self, operation: str, members: Mapping[str, Any]) -> Answer:
        """The answer, after a look at whether the model lets the operation give it."""
        return self.send_body(operation, json.dumps(members, default=_base64).encode())

    def send_body(self, operation: str, body: bytes) -> Answer:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"CertificateManager.{operation}",
        }
        signed = sign("POST", f"{self._url}/", headers, body, service="acm", now=self._now(), **self._key)
        self._connection.request("POST", "/", body, signed)
        response = self._connection.getresponse()
        text = response.read()
        told: dict[str, Any] = json.loads(text) if text else {}
        answer = Answer(response.status, told.get("__type", ""), told.get("message", ""), told)
        check_modelled(operation, answer)
        return answer

    def do(self, operation: str, **members: Any) -> dict[str, Any]:
        """A request that must succeed; its answer."""
        answer = self.send(operation, members)
        assert answer.status == 200, (operation, answer)
        return answer.members

    def refused(self, operation: str, **members: Any) -> tuple[str, str]:
        """A request that must be refused; the exception's name and its message."""
        answer = self.send(operation, members)
        assert answer.status == 400, (operation, answer)
        return answer.error, answer.message


def check_modelled(operation: str, answer: Answer) -> None:
    """An error is one that the model lists for the operation, or one that every operation may answer."""
    if answer.status == 200:
        assert not answer.error
        return
    assert answer.error in MODELLED[operation] | errors.COMMON, (operation, answer)
    assert 400 <= answer.status < 500, (operation, answer)
    assert len(answer.message) > 10, (operation, answer)


def _base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode()
