"""Events as targets get them."""

from typing import Any

from privyseal.events.ports import Attempt
from privyseal.names import new_id

ARN = "arn:aws:acm:us-east-1:111122223333:certificate/0a5c8f3e-4b1d-4a77-9f0e-0d9f2f6f0001"


def event(number: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "detail-type": "ACM Certificate Available",
        "source": "aws.acm",
        "account": "111122223333",
        "time": "2026-03-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [ARN],
        "detail": {"Action": "RENEWAL", "CommonName": "käse.example", "DaysToExpiry": number},
    } | members


SUBSCRIPTION = "0a5c8f3e-4b1d-4a77-9f0e-0d9f2f6f0002"


def attempt(number: int = 1, recipient: str = SUBSCRIPTION) -> Attempt:
    """To a recipient: targets that have none do not look at it."""
    return Attempt(new_id(), number, recipient)
