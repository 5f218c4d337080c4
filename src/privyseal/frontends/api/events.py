"""The history of events, dead letters, and sending them again."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.history import History
from privyseal.events.repositories import Delivery, Recorded, Selection
from privyseal.frontends import strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool

MAX_NUMBER = 18  # digits
_SELECTING = frozenset({"since", "until", "resource", "detail_type", "following"})


class SentItem(Struct):
    target: str
    recipient: str | None  # the id of a subscription
    state: str
    attempts: int
    attempted_at: datetime | None
    error: str | None


class EventItem(Struct):
    number: int
    event: dict[str, Any]
    deliveries: list[SentItem]


class EventPage(Struct):
    events: list[EventItem]
    next: str | None = None


class Following(Struct):
    events: list[EventItem]
    following: int


class DeadLetter(Struct):
    target: str
    recipient: str | None
    attempts: int
    attempted_at: datetime | None
    error: str | None
    event: dict[str, Any]


class DeadLetterPage(Struct):
    dead_letters: list[DeadLetter]
    next: str | None = None


class ReplayBody(Struct, forbid_unknown_fields=True):
    """Which dead letters: those of a target, of an event, of both, or all."""

    target: str | None = None
    event_id: str | None = None


class ReplayResponse(Struct):
    replayed: int


class RuleItem(Struct):
    name: str
    enabled: bool
    pattern: str
    targets: list[str]


class RuleList(Struct):
    rules: list[RuleItem]


def endpoints(history: History, rules: list[RuleItem], pool: Pool) -> list[Endpoint]:
    events = EventResource(history, rules, pool)
    return [
        Endpoint("ListEvents", "GET", ("events",), events.list, PAGE_PARAMETERS | _SELECTING),
        Endpoint("ListRules", "GET", ("events", "rules"), events.list_rules),
        Endpoint(
            "ListDeadLetters",
            "GET",
            ("events", "dead-letters"),
            events.list_dead,
            PAGE_PARAMETERS | {"target"},
        ),
        Endpoint("ReplayEvents", "POST", ("events", "replays"), events.replay),
    ]


class EventResource:
    def __init__(self, history: History, rules: list[RuleItem], pool: Pool) -> None:
        self._history = history
        self._rules = rules
        self._pool = pool

    async def list(self, call: Call) -> EventPage | Following:
        query, limit = call.query, page_size(call.query)
        if "following" in query:
            return await self._following(call, query["following"], limit)
        selection = Selection(
            _time(query, "since"), _time(query, "until"), query.get("resource"), query.get("detail_type")
        )
        found, following = await self._pool.run(
            self._history.page, call.caller, selection, query.get("after"), limit
        )
        return EventPage([_event(each) for each in found], following)

    async def _following(self, call: Call, number: str, limit: int) -> Following:
        """`following=NUMBER`: those told after it, oldest first; empty: where to begin."""
        if call.query.keys() - {"following", "limit"} or not _is_number(number or "0"):
            text = "The parameter 'following' is a number, with no other parameter than 'limit'."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        found, last = await self._pool.run(
            self._history.following, call.caller, int(number) if number else None, limit
        )
        return Following([_event(each) for each in found], last)

    async def list_rules(self, call: Call) -> RuleList:  # noqa: ARG002 - every handler gets its call
        return RuleList(self._rules)

    async def list_dead(self, call: Call) -> DeadLetterPage:
        query = call.query
        found, following = await self._pool.run(
            self._history.dead_letters,
            call.caller,
            query.get("target"),
            query.get("after"),
            page_size(query),
        )
        return DeadLetterPage([_dead(each) for each in found], following)

    async def replay(self, call: Call) -> ReplayResponse:
        asked = strict_json.decode(call.body, ReplayBody)
        return ReplayResponse(
            await self._pool.run(self._history.replay, call.caller, asked.target, asked.event_id)
        )


def _event(found: Recorded) -> EventItem:
    sent = [
        SentItem(
            target=each.target,
            recipient=each.recipient or None,
            state=each.state.value,
            attempts=each.attempts,
            attempted_at=each.attempted_at,
            error=each.error,
        )
        for each in found.sent
    ]
    return EventItem(found.number, dict(found.event), sent)


def _dead(found: Delivery) -> DeadLetter:
    return DeadLetter(
        target=found.target,
        recipient=found.recipient or None,
        attempts=found.attempts,
        attempted_at=found.attempted_at,
        error=found.error,
        event=dict(found.event),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER


def _time(query: dict[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        found = datetime.fromisoformat(query[name])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        text = f"The parameter {name!r} is a time like 2026-01-31T00:00:00Z."
        raise PrivySealError(ErrorCode.VALIDATION, text) from None
