"""The API about events: the history, what follows, rules, dead letters and replays."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from privyseal.client import ApiError, PrivySealClient
from privyseal.events.history import History
from privyseal.events.repositories import Delivery
from privyseal.events.shapes.model import Event
from privyseal.frontends.api import events
from privyseal.store import Store, Tx
from privyseal.stores.repositories.events import SqlDeliveries, SqlEvents
from tests.api.conftest import ADMIN_KEY, GUEST_KEY, STRANGER_KEY, serving_api
from tests.devices.deployment import ACCOUNT, REGION, deployment
from tests.stores.rows import NOW

RULES = [events.RuleItem("all", True, '{"source": ["a"]}', ["t"])]


class Api:
    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self._url = url
        self.woken = 0

    def client(self, key: Any = ADMIN_KEY) -> PrivySealClient:
        return PrivySealClient(self._url, key.id, key.secret, region=REGION)

    def get(self, path: str = "/events", **query: str | int) -> dict[str, Any]:
        return self.client().rest("GET", path, query=query)

    def add(self, count: int, *targets: str) -> list[str]:
        """Events a second apart; their ids."""
        made = [
            Event(
                f"arn:{n % 2}",
                NOW + timedelta(seconds=n),
                {"id": str(uuid.uuid4()), "account": ACCOUNT, "detail-type": f"K{n % 3}", "detail": {"n": n}},
            )
            for n in range(count)
        ]

        def write(tx: Tx) -> None:
            for number in SqlEvents().add(tx, made):
                for target in targets:
                    SqlDeliveries().add(tx, number, target, str(number))

        self.store.transact(write)
        return [event.body["id"] for event in made]

    def bury(self, target: str) -> None:
        """Everything that waits for a target becomes a dead letter."""

        def write(tx: Tx) -> None:
            due: list[Delivery] = list(SqlDeliveries().due(tx, target, 1000))
            for each in due:
                SqlDeliveries().give_up(tx, each, "refused: 410")

        self.store.transact(write)

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture(name="api")
def api_fixture() -> Iterator[Api]:
    with deployment() as product:
        made = Api(product.store, "")
        history = History(product.store, SqlEvents(), SqlDeliveries(), {"t", "u"}, made.wake)
        with serving_api(product, events.endpoints(history, RULES, product.pool)) as url:
            made._url = url
            yield made


def numbers(answer: dict[str, Any]) -> list[int]:
    return [each["event"]["detail"]["n"] for each in answer["events"]]


def test_the_history_comes_newest_first_in_pages(api: Api) -> None:
    api.add(7, "t")
    found: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = api.get(limit=3, **after)
        found += numbers(page)
        if not page.get("next"):
            break
        after = {"after": page["next"]}
    assert found == [6, 5, 4, 3, 2, 1, 0]
    assert page["events"][0]["deliveries"] == [
        {
            "target": "t",
            "recipient": None,
            "state": "WAITING",
            "attempts": 0,
            "attempted_at": None,
            "error": None,
        }
    ]
    everything = api.client().pages("/events", "events", {"limit": 2})
    assert [each["event"]["detail"]["n"] for each in everything] == found


def test_the_history_is_selected(api: Api) -> None:
    api.add(6)
    assert numbers(api.get(resource="arn:1")) == [5, 3, 1]
    assert numbers(api.get(detail_type="K2")) == [5, 2]
    assert numbers(api.get(since=(NOW + timedelta(seconds=4)).isoformat())) == [5, 4]
    assert numbers(api.get(until=(NOW + timedelta(seconds=1)).isoformat(), resource="arn:0")) == [0]
    assert numbers(api.get(since="2020-01-01")) == [5, 4, 3, 2, 1, 0]


def test_what_comes_can_be_followed(api: Api) -> None:
    api.add(2)
    begin = api.get(following="")
    assert begin["events"] == []
    api.add(3)
    first = api.get(following=begin["following"], limit=2)
    assert numbers(first) == [0, 1]
    second = api.get(following=first["following"])
    assert numbers(second) == [2]
    assert api.get(following=second["following"]) == {"events": [], "following": second["following"]}


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "9999999-01-01"},
        {"limit": "0"},
        {"after": "x"},
        {"following": "x"},
        {"following": "-1"},
        {"following": "9" * 19},
        {"following": "1", "since": "2026-01-01"},
        {"unknown": "1"},
    ],
    ids=str,
)
def test_a_parameter_that_means_nothing_is_refused(api: Api, query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as caught:
        api.get("/events", **query)
    assert caught.value.status == 400


def test_rules_are_listed(api: Api) -> None:
    assert api.get("/events/rules") == {
        "rules": [{"name": "all", "enabled": True, "pattern": '{"source": ["a"]}', "targets": ["t"]}]
    }


def test_dead_letters_are_listed_and_sent_again(api: Api) -> None:
    ids = api.add(3, "t", "u")
    api.bury("t")
    page = api.get("/events/dead-letters", limit=2)
    assert [each["event"]["id"] for each in page["dead_letters"]] == ids[:2]
    assert page["dead_letters"][0]["error"] == "refused: 410"
    assert page["dead_letters"][0]["recipient"] is None
    rest = api.get("/events/dead-letters", after=page["next"])
    assert [each["event"]["id"] for each in rest["dead_letters"]] == ids[2:]
    assert api.get("/events/dead-letters", target="u") == {"dead_letters": [], "next": None}
    client = api.client()
    assert client.rest("POST", "/events/replays", {"target": "u"}) == {"replayed": 0}
    assert client.rest("POST", "/events/replays", {"event_id": ids[1]}) == {"replayed": 1}
    assert client.rest("POST", "/events/replays", {}) == {"replayed": 2}
    assert api.woken == 2
    assert api.get("/events/dead-letters")["dead_letters"] == []


@pytest.mark.parametrize(
    ("body", "unknown"),
    [({"target": "x"}, "target 'x'"), ({"event_id": "5d2e1f3c"}, "event '5d2e1f3c'")],
    ids=["target", "event"],
)
def test_what_is_not_there_is_not_sent_again(api: Api, body: dict[str, str], unknown: str) -> None:
    """And said to be unknown, unlike what has no dead letter left, or a target that is no longer set up."""
    (known,) = api.add(1, "t", "removed")
    api.bury("removed")
    with pytest.raises(ApiError, match=unknown) as caught:
        api.client().rest("POST", "/events/replays", body)
    assert caught.value.status == 404
    with pytest.raises(ApiError, match="There is no event"):
        api.client(STRANGER_KEY).rest("POST", "/events/replays", {"event_id": known})
    replay = {"target": "t", "event_id": known}
    assert api.client().rest("POST", "/events/replays", replay) == {"replayed": 0}
    assert api.client().rest("POST", "/events/replays", {"target": "removed"}) == {"replayed": 1}


def test_events_are_for_administrators_and_of_their_account(api: Api) -> None:
    api.add(2, "t")
    api.bury("t")
    with pytest.raises(ApiError) as caught:
        api.client(GUEST_KEY).rest("GET", "/events")
    assert caught.value.status == 403
    stranger = api.client(STRANGER_KEY)
    assert stranger.rest("GET", "/events") == {"events": [], "next": None}
    assert stranger.rest("GET", "/events/dead-letters") == {"dead_letters": [], "next": None}
    assert stranger.rest("POST", "/events/replays", {}) == {"replayed": 0}


@pytest.mark.parametrize("body", [{"target": 5}, {"more": True}, [], None], ids=json.dumps)
def test_a_replay_that_means_nothing_is_refused(api: Api, body: Any) -> None:
    with pytest.raises(ApiError) as caught:
        api.client().rest("POST", "/events/replays", body)
    assert caught.value.status == 400
