"""What is said of authorities that come to their end."""

from collections.abc import Mapping
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from cryptography import x509

from privyseal.ca.expiry import APPROACHING, EXPIRE, RECHECK, STAGES
from privyseal.ca.model import ROOT
from privyseal.ca.states import Status
from privyseal.errors import PrivySealError
from tests.ca.world import CALLER, ROOT_TEMPLATE, World, pem
from tests.stores import journals

DAY = timedelta(days=1)


def root(world: World, days: int) -> str:
    """An authority whose certificate ends so many days from now."""
    arn = world.create(ROOT)
    renew(world, arn, days)
    return arn


def renew(world: World, arn: str, days: int) -> None:
    made = world.issue(arn, world.csr_of(arn), template_arn=ROOT_TEMPLATE, validity=("DAYS", days))
    world.ca.certification.install(CALLER, arn, pem(made.der), None)


def waits(world: World) -> bool:
    return world.store.view(world.ca.expiry.waiting)


def say(world: World) -> None:
    world.ca.expiry.say_due(Event())


def said(world: World) -> list[Mapping[str, Any]]:
    return [each for each in journals.entries(world.store) if each["action"] in {APPROACHING, EXPIRE}]


def days_said(world: World) -> list[int]:
    return [each["detail"]["days_to_expiry"] for each in said(world)]


def go_on(world: World, days: int) -> None:
    """Day by day, as the job runs."""
    for _ in range(days):
        world.clock.advance(DAY)
        if waits(world):
            say(world)


def test_each_stage_is_said_once_and_the_end_too(world: World) -> None:
    arn = root(world, 365)
    assert not waits(world)
    go_on(world, 400)
    assert days_said(world) == [*STAGES, 0]
    assert [each["action"] for each in said(world)] == [APPROACHING] * len(STAGES) + [EXPIRE]
    assert {each["resource"] for each in said(world)} == {arn}
    assert not waits(world)


def test_it_tells_whose_end_it_is_and_when(world: World) -> None:
    arn = root(world, 365)
    go_on(world, 275)
    (found,) = said(world)
    der = world.row(arn).certificate
    assert der
    not_after = x509.load_der_x509_certificate(der).not_valid_after_utc
    assert found["detail"] == {
        "days_to_expiry": 90,
        "not_after": f"{not_after:%Y-%m-%dT%H:%M:%SZ}",
        "subject": "Test ROOT",
    }
    assert found["principal"] == "service:ca"


def test_a_service_that_was_off_says_where_it_is_now(world: World) -> None:
    root(world, 365)
    world.clock.advance(340 * DAY)
    say(world)
    assert days_said(world) == [25]  # of the stage 30; those before are over
    go_on(world, 30)
    assert days_said(world) == [25, 14, 7, 3, 1, 0]


def test_of_a_short_life_only_what_comes_during_it_is_said(world: World) -> None:
    """Who makes an authority for ten days knows that it ends."""
    root(world, 10)
    assert not waits(world)
    go_on(world, 12)
    assert days_said(world) == [7, 3, 1, 0]


def test_a_renewed_certificate_begins_anew(world: World) -> None:
    arn = root(world, 365)
    go_on(world, 340)
    renew(world, arn, 200)
    assert not waits(world)
    before = len(said(world))
    go_on(world, 210)
    assert days_said(world)[before:] == [*STAGES, 0]


def test_two_processes_say_it_once(world: World) -> None:
    root(world, 365)
    world.clock.advance(340 * DAY)
    say(world)
    say(world)
    assert len(said(world)) == 1


def test_what_could_not_be_committed_is_said_later(world: World) -> None:
    root(world, 365)
    world.clock.advance(340 * DAY)
    world.store.commits_to_lose = 1
    with pytest.raises(PrivySealError):
        say(world)
    assert said(world) == []
    say(world)
    assert len(said(world)) == 1


def test_of_deleted_authorities_nothing_is_said_unless_they_are_restored(world: World) -> None:
    restored, gone = root(world, 300), root(world, 300)
    for arn in (restored, gone):
        world.ca.authorities.update(CALLER, arn, Status.DISABLED, None)
        world.ca.authorities.delete(CALLER, arn, 30)
    world.clock.advance(20 * DAY)
    say(world)
    world.ca.authorities.restore(CALLER, restored)
    world.clock.advance(200 * DAY)
    say(world)
    assert [each["resource"] for each in said(world)] == [restored]
    world.clock.advance(100 * DAY + RECHECK)
    say(world)
    assert {each["resource"] for each in said(world)} == {restored}
    assert not waits(world)


def test_it_stops_when_it_is_told_to(world: World) -> None:
    root(world, 365)
    world.clock.advance(340 * DAY)
    stopping = Event()
    stopping.set()
    world.ca.expiry.say_due(stopping)
    assert said(world) == []
