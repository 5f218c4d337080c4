"""acm called without an SDK: JSON requests, and what comes back."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.aws_calls import Answer, Connection, answer_of, check_modelled, modelled, service_model

MODEL = service_model("acm", "2015-12-08")
OPERATIONS: Mapping[str, Any] = MODEL["operations"]
MODELLED = modelled(MODEL)
ACME = frozenset(name for name in OPERATIONS if "Acme" in name)


class Wire(Connection):
    service = "acm"

    def send(self, operation: str, members: Mapping[str, Any]) -> Answer:
        """The answer, after a look at whether the model lets the operation give it."""
        return self.send_body(operation, json.dumps(members, default=_base64).encode())

    def send_body(self, operation: str, body: bytes) -> Answer:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"CertificateManager.{operation}",
        }
        status, text = self.post("/", headers, body)
        answer = answer_of(status, json.loads(text) if text else {})
        check_modelled(MODELLED[operation], operation, answer)
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


def _base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode()
