"""acm-pca called without an SDK: requests in either protocol, and what comes back."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import cbor2

from tests.aws_calls import (
    Answer,
    Connection,
    Members,
    answer_of,
    check_modelled,
    modelled,
    service_model,
)

MODEL = service_model("acm-pca", "2017-08-22")
MODELLED = modelled(MODEL)
JSON, CBOR = "json", "cbor"
PROTOCOLS = (JSON, CBOR)


class Wire(Connection):
    service = "acm-pca"

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
        status, told = self.post(path, headers | dict(signed or {}), body, unsigned)
        answer = answer_of(status, _decoded(told, protocol))
        check_modelled(MODELLED[operation], operation, answer)
        return answer


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


def _decoded(body: bytes, protocol: str) -> Members:
    members: Members = (cbor2.loads(body) if protocol == CBOR else json.loads(body)) if body else {}
    return members
