"""Events as messages of an Amazon SNS topic. A FIFO topic has those of one resource in their order."""

import json
from collections.abc import Mapping
from typing import Any

from privyseal.events.ports import Attempt
from privyseal.targets.amazon import AmazonService, fifo
from privyseal.targets.notice import MAX_SUBJECT, body, is_notice


class SnsTarget:
    """Implements `events.ports.Target`; needs sns:Publish."""

    def __init__(
        self, name: str, *, topic_arn: str, region: str = "", endpoint_url: str = "", profile: str = ""
    ) -> None:
        self.name = name
        self._topic = topic_arn
        where = region or topic_arn.split(":")[3]
        self._sns = AmazonService(name, "sns", region=where, endpoint_url=endpoint_url, profile=profile)

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:  # noqa: ARG002 - the event has its id
        more = fifo(event) if self._topic.endswith(".fifo") else {}
        self._sns.call("Publish", TopicArn=self._topic, **_message(event), **more)

    def close(self) -> None:
        self._sns.close()


def _message(event: Mapping[str, Any]) -> Mapping[str, str]:
    """A notice has a subject line and, as serverless-ca sends it, one message for all protocols."""
    text = json.dumps(body(event))
    if not is_notice(event):
        return {"Message": text}
    message = json.dumps({"default": text})
    return {"Subject": event["detail-type"][:MAX_SUBJECT], "MessageStructure": "json", "Message": message}
