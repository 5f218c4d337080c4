"""AWS services called without an SDK: signed requests, sent as they are, and judged by the service model.

Nothing here checks a request before it is sent, and everything checks an answer: an operation that
answers an error which the service model does not list for it fails whichever test sent the request.
"""

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

from privyseal.frontends.aws import errors
from privyseal.sigv4 import sign

Members: TypeAlias = dict[str, Any]
Model: TypeAlias = Mapping[str, Any]

SERVER_FAULTS = frozenset({"InternalFailure", "ServiceUnavailable"})


@dataclass(frozen=True)
class Answer:
    """`error` is the exception's name, "" for a success; `members` is the decoded body."""

    status: int
    error: str
    message: str
    members: Members


def answer_of(status: int, members: Members) -> Answer:
    return Answer(status, members.get("__type", ""), members.get("message", ""), members)


def service_model(service: str, version: str) -> Model:
    """Botocore's, as it is installed."""
    path = Path(botocore.__file__).parent / "data" / service / version / "service-2.json.gz"
    found: Model = json.loads(gzip.decompress(path.read_bytes()))
    return found


def modelled(model: Model) -> Mapping[str, frozenset[str]]:
    """Operation → the names of the errors that the service model lists for it."""
    return {
        name: frozenset(error["shape"] for error in operation.get("errors", ()))
        for name, operation in sorted(model["operations"].items())
    }


def check_modelled(listed: frozenset[str], operation: str, answer: Answer) -> None:
    """An error is one that the model lists for the operation, or one that every operation may answer."""
    if answer.status == 200:
        assert not answer.error
        return
    assert answer.error in listed | errors.COMMON, (operation, answer)
    assert answer.error not in SERVER_FAULTS, (operation, answer)
    assert 400 <= answer.status < 500, (operation, answer)
    assert len(answer.message) > 10, (operation, answer)


class Connection:
    """To one service, with one access key. `now` is the time of the signatures."""

    service: str  # as signatures name it

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

    def post(
        self, path: str, signed: Mapping[str, str], body: bytes, unsigned: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """`signed` and `unsigned` are headers. Every answer has the id of its request."""
        headers = sign(
            "POST", f"{self._url}{path}", signed, body, service=self.service, now=self._now(), **self._key
        )
        self._connection.request("POST", path, body, {**headers, **(unsigned or {})})
        response = self._connection.getresponse()
        assert response.headers["x-amzn-requestid"]
        return response.status, response.read()
