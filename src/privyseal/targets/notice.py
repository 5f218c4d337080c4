"""What of an event goes on the wire. The notices of serverless-ca go as its users know them: the notice
alone, without an envelope, under the subject line that is the event's detail-type.
"""

from collections.abc import Mapping
from typing import Any

from privyseal.events.shapes.serverless import SOURCE

MAX_SUBJECT = 100  # characters of an SNS subject (Publish of the sns service model)


def is_notice(event: Mapping[str, Any]) -> bool:
    return bool(event["source"] == SOURCE)


def body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What becomes JSON."""
    told: Mapping[str, Any] = event["detail"] if is_notice(event) else event
    return told
