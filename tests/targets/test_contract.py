"""What every target does: it hands over whole events, and says when it cannot."""

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings import Settings
from privyseal.targets import TARGETS
from tests.targets.conftest import Bench
from tests.targets.samples import ARN, attempt, event


def essence(found: dict[str, Any]) -> tuple[str, str, list[str], str]:
    """What no receiver changes: EventBridge gives ids and sources of its own."""
    when = found["time"].replace("+00:00", "Z")
    return found["detail-type"], when, found["resources"], json.dumps(found["detail"], sort_keys=True)


def test_an_event_arrives_as_it_is_and_stays_as_it_was(bench: Bench) -> None:
    sent = event()
    kept = copy.deepcopy(sent)
    bench.target.send(sent, attempt())
    assert sent == kept
    assert [essence(each) for each in bench.received()] == [essence(sent)]
    bench.target.close()


def test_it_may_be_sent_again(bench: Bench) -> None:
    """A delivery whose acknowledgement was lost is made once more; NATS drops what its stream has."""
    same = attempt()
    bench.target.send(event(), same)
    bench.target.send(event(), same)
    found = [essence(each) for each in bench.received()]
    assert found in ([essence(event())], [essence(event())] * 2)


def test_events_of_many_resources_go_out_side_by_side(bench: Bench) -> None:
    sent = [event(number, resources=[f"{ARN}{number}"]) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: bench.target.send(each, attempt()), sent))
    assert sorted(essence(each) for each in bench.received()) == sorted(map(essence, sent))


def test_hostile_text_arrives_as_it_is(bench: Bench) -> None:
    text = "line\r\nBcc: x@example.com\r\n\r\n.\r\n\u202e\u0000'\"$(id);`id`<script> 证书 \U0001f510"
    sent = event(detail={"CommonName": text})
    bench.target.send(sent, attempt())
    assert [essence(each) for each in bench.received()] == [essence(sent)]


def test_it_says_when_it_cannot_and_works_when_that_is_over(bench: Bench) -> None:
    bench.break_it()
    with pytest.raises(PrivySealError) as refusal:
        bench.target.send(event(1), attempt())
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    bench.mend()
    bench.target.send(event(2), attempt(2))
    assert [essence(each) for each in bench.received()] == [essence(event(2))]


def test_every_type_has_settings() -> None:
    """A row without a section could not be chosen, a section without a row not be made."""
    field = Settings.__annotations__["targets"]
    assert {each.__struct_config__.tag for each in field.__args__[1].__args__} == set(TARGETS)
