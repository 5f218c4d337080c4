"""Events as messages of an Amazon SQS queue. A FIFO queue has those of one resource in their order."""

import json
from collections.abc import Mapping
from typing import Any

from privyseal.events.ports import Attempt
from privyseal.targets.amazon import AmazonService, fifo
from privyseal.targets.notice import body


class SqsTarget:
    """Implements `events.ports.Target`; needs sqs:SendMessage."""

    def __init__(
        self, name: str, *, queue_url: str, region: str = "", endpoint_url: str = "", profile: str = ""
    ) -> None:
        self.name = name
        self._queue = queue_url
        self._sqs = AmazonService(name, "sqs", region=region, endpoint_url=endpoint_url, profile=profile)

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:  # noqa: ARG002 - the event has its id
        more = fifo(event) if self._queue.endswith(".fifo") else {}
        self._sqs.call("SendMessage", QueueUrl=self._queue, MessageBody=json.dumps(body(event)), **more)

    def close(self) -> None:
        self._sqs.close()
