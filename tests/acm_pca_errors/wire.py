"""acm-pca called without an SDK: signed requests in either protocol, and what comes back.

Nothing here checks a request before it is sent, and everything checks an answer: an operation that
answers an error which the service model does not list for it fails whichever test sent the request.
"""

import base64
import gzip
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import botocore
import cbor2

from privyseal.frontends.aws import errors
from privyseal.sigv4 import sign

Members: TypeAlias = dict[str, Any]

_MODEL = Path(botocore.__file__).parent / "data" / "acm-pca" / "2017-08-22" / "service-2.json.gz"
MODEL: Mapping[str, Any] = json.loads(gzip.decompress(_MODEL.read_bytes()))
# Operation → the names of the errors that the service model lists for it.
MODELLED: Mapping[str, frozenset[str]] = {
    name: frozenset(error["shape"] for error in operation.get("errors", ()))
    for name, operation in sorted(MODEL["operations"].items())
}
JSON, CBOR = "json", "cbor"
PROTOCOLS = (JSON, CBOR)
SERVER_FAULTS = frozenset({"InternalFailure", "ServiceUnavailable"})


@dataclass(frozen=True)
class Answer:
    """`error` is the exception's name, "" for a success; `members` is the decoded body."""

    status: int
    error: str
    message: str
    members: Members


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
        self._key_id = key_id
        self._secret = secret
        self._region = region
        self._now = now
        address = urlsplit(url)
        assert address.hostname
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def send(self, operation: str, members: Members, protocol: str = JSON) -> Answer:
        """The answer, after a look at whether the model lets the operation give it."""
        return self.send_body(operation, encode(members, protocol), protocol)

    def send_body(
        self,
        operation: str,
        body: bytes,
        protocol: str,
        *,
        signed: Mapping[str, str] | None = None,
        unsigned: Mapping[str, str] | None = None,
    ) -> Answer:
        """`signed` and `unsigned` are headers besides those of the protocol."""
        path, headers = envelope(operation, protocol)
        sent = sign(
            "POST",
            f"{self._url}{path}",
            headers | dict(signed or {}),
            body,
            access_key_id=self._key_id,
            secret_key=self._secret,
            region=self._region,
            service="acm-pca",
            now=self._now(),
        )
        self._connection.request("POST", path, body, sent | dict(unsigned or {}))
        response = self._connection.getresponse()
        answer = _decode(response.status, response.read(), protocol)
        assert response.headers["x-amzn-requestid"]
        check_modelled(operation, answer)
        return answer


def check_modelled(operation: str, answer: Answer) -> None:
    """An error is one that the model lists for the operation, or one that every operation may answer."""
    if answer.status == 200:
        assert not answer.error
        return
    assert answer.error in MODELLED[operation] | errors.COMMON, (operation, answer)
    assert answer.error not in SERVER_FAULTS, (operation, answer)
    assert 400 <= answer.status < 500, (operation, answer)
    assert len(answer.message) > 10, (operation, answer)


def envelope(operation: str, protocol: str) -> tuple[str, dict[str, str]]:
    """The path and the headers of an operation in a protocol."""
    if protocol == JSON:
        return "/", {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"ACMPrivateCA.{operation}",
        }
    return f"/service/ACMPrivateCA/operation/{operation}", {
        "Content-Type": "application/cbor",
        "Accept": "application/cbor",
        "smithy-protocol": "rpc-v2-cbor",
    }


def encode(members: Any, protocol: str) -> bytes:
    """Blobs are `bytes` in `members`."""
    if protocol == CBOR:
        return cbor2.dumps(members)
    return json.dumps(members, default=lambda blob: base64.b64encode(blob).decode()).encode()


def _decode(status: int, body: bytes, protocol: str) -> Answer:
    members = (cbor2.loads(body) if protocol == CBOR else json.loads(body)) if body else {}
    return Answer(status, members.get("__type", ""), members.get("message", ""), members)
