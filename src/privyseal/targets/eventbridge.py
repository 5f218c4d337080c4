"""Events on a bus of Amazon EventBridge.

AWS keeps sources that begin with `aws.` for itself (PutEvents refuses them), so `aws.acm` becomes
`privyseal.acm`; the id, time and account of the envelope are AWS's there, ours is lost but for the time.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from privyseal.events.ports import Attempt
from privyseal.targets.amazon import AmazonService, refused

RESERVED, OURS = "aws.", "privyseal."


class EventBridgeTarget:
    """Implements `events.ports.Target`; needs events:PutEvents."""

    def __init__(
        self, name: str, *, bus: str = "default", region: str = "", endpoint_url: str = "", profile: str = ""
    ) -> None:
        self.name = name
        self._bus = bus
        self._events = AmazonService(
            name, "events", region=region, endpoint_url=endpoint_url, profile=profile
        )

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:  # noqa: ARG002 - AWS gives ids
        source = event["source"]
        entry = {
            "Time": datetime.fromisoformat(event["time"]),
            "Source": OURS + source.removeprefix(RESERVED) if source.startswith(RESERVED) else source,
            "DetailType": event["detail-type"],
            "Resources": event["resources"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": self._bus,
        }
        reply = self._events.call("PutEvents", Entries=[entry])
        if reply.get("FailedEntryCount"):
            failed = reply["Entries"][0]
            raise refused("PutEvents", failed.get("ErrorCode", ""), failed.get("ErrorMessage", ""))

    def close(self) -> None:
        self._events.close()
