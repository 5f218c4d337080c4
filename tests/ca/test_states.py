"""The table of states, and that the services never leave it."""

from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.ca import states
from privyseal.ca.states import TRANSITIONS, Event, Status, status_at, transition
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import CALLER, NOW, ROOT_TEMPLATE, World, pem

LIFE = timedelta(days=30)  # of the authorities' certificates in the walk below


def test_every_pair_of_state_and_event_has_one_answer() -> None:
    for status in Status:
        for event in Event:
            after = transition(status, event)
            assert after is None or isinstance(after, Status)
            assert after == TRANSITIONS.get((status, event))


def test_the_life_that_aws_documents_is_possible() -> None:
    life = [
        (Event.KEY_READY, Status.PENDING_CERTIFICATE),
        (Event.CERTIFICATE_IMPORTED, Status.ACTIVE),
        (Event.DISABLED, Status.DISABLED),
        (Event.ENABLED, Status.ACTIVE),
        (Event.DISABLED, Status.DISABLED),
        (Event.DELETED, Status.DELETED),
    ]
    status: Status | None = Status.CREATING
    for event, expected in life:
        assert status is not None
        status = transition(status, event)
        assert status is expected


def test_nothing_leads_back_to_creating_and_nothing_is_written_as_expired() -> None:
    assert not {Status.CREATING, Status.EXPIRED} & set(TRANSITIONS.values())


def test_all_but_an_active_authority_can_be_deleted() -> None:
    deletable = {status for status in Status if transition(status, Event.DELETED)}
    assert deletable == set(Status) - {Status.ACTIVE, Status.DELETED}


def test_only_time_and_restoring_change_what_is_deleted_or_failed() -> None:
    for event in Event:
        assert transition(Status.DELETED, event) is None
        assert transition(Status.FAILED, event) in {None, Status.DELETED}


def test_what_is_allowed_in_a_state_is_aws_table() -> None:
    """User guide, "CA lifecycle": what may be asked of an authority in which state."""
    assert {Status.ACTIVE} == states.ISSUES
    assert states.REVOKES == states.UPDATES == {Status.ACTIVE, Status.DISABLED}
    assert {Status.PENDING_CERTIFICATE, Status.ACTIVE} == states.SIGNS_ITSELF
    assert Status.ACTIVE not in states.RESTORABLE


@pytest.mark.parametrize("status", Status)
def test_time_expires_active_and_disabled_authorities_and_no_others(status: Status) -> None:
    end = NOW
    expired = Status.EXPIRED if status in {Status.ACTIVE, Status.DISABLED} else status
    assert status_at(status, end, end) is status  # NotAfter is part of the validity (RFC 5280 §4.1.2.5)
    assert status_at(status, end, end + timedelta(microseconds=1)) is expired
    assert status_at(status, None, end) is status


class Walk:
    """Predicts, from the table alone, what each step does to one root authority."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.arn = world.create()
        self.status = Status.PENDING_CERTIFICATE  # as it is stored
        self.not_after = NOW
        self.before: Status | None = None
        self.window = NOW

    @property
    def now(self) -> Status:
        never = self.status in {Status.PENDING_CERTIFICATE, Status.DELETED}
        return status_at(self.status, None if never else self.not_after, self.world.clock.now())

    @property
    def gone(self) -> bool:
        return self.status is Status.DELETED and self.world.clock.now() >= self.window

    def step(self, name: str) -> None:
        if self.gone:
            assert self._do(name) is (None if name == "wait" else ErrorCode.NOT_FOUND)
            return
        expected = self._expected(name)
        error = self._do(name)
        assert (error is None) == (expected is not None), f"{name} while {self.now}: {error}"
        assert error in {None, ErrorCode.INVALID_STATE}
        if expected is not None:
            self._became(name, expected)
        assert self.gone or self.world.status(self.arn) is self.now

    def _expected(self, name: str) -> Status | None:
        if name == "wait":
            return self.status
        if name == "restore":
            return self.before if self.status is Status.DELETED else None
        event = {
            "import": Event.CERTIFICATE_IMPORTED,
            "disable": Event.DISABLED,
            "enable": Event.ENABLED,
            "delete": Event.DELETED,
        }[name]
        return transition(self.now, event)

    def _became(self, name: str, expected: Status) -> None:
        at = self.world.clock.now()
        if name == "import":
            self.not_after = at.replace(microsecond=0) + LIFE
        if name == "delete":
            self.before, self.window = self.now, at + timedelta(days=7)
        self.status = expected

    def _do(self, name: str) -> ErrorCode | None:
        ca, arn = self.world.ca, self.arn
        try:
            match name:
                case "import":
                    ca.certification.install(CALLER, arn, self.world.self_signed(arn, LIFE.days), None)
                case "disable":
                    ca.authorities.update(CALLER, arn, "DISABLED", None)
                case "enable":
                    ca.authorities.update(CALLER, arn, "ACTIVE", None)
                case "delete":
                    ca.authorities.delete(CALLER, arn, 7)
                case "restore":
                    ca.authorities.restore(CALLER, arn)
                case "wait":
                    self.world.clock.advance(timedelta(days=4))
        except PrivySealError as error:
            return error.code
        return None


STEPS = ("import", "disable", "enable", "delete", "restore", "wait")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_no_order_of_requests_leads_out_of_the_table(names: list[str]) -> None:
    clock = FixedClock(NOW)
    with closing(SqliteStore(MEMORY, clock)) as store:
        store.migrate()
        world = World(store, clock)
        walk = Walk(world)
        for name in names:
            walk.step(name)
        world.ca.close()


def test_an_expired_authority_is_revived_by_a_new_certificate_only(world: World) -> None:
    """Nobody writes EXPIRED: it is what time has made of ACTIVE and DISABLED."""
    arn = world.create()
    made = world.issue(arn, world.csr_of(arn), template_arn=ROOT_TEMPLATE, validity=("DAYS", 1))
    world.ca.certification.install(CALLER, arn, pem(made.der), None)
    world.clock.advance(timedelta(days=1, seconds=1))
    assert world.status(arn) is Status.EXPIRED
    assert world.row(arn).status is Status.ACTIVE
    for wanted in ("ACTIVE", "DISABLED"):
        with pytest.raises(PrivySealError) as refusal:
            world.ca.authorities.update(CALLER, arn, wanted, None)
        assert refusal.value.code is ErrorCode.INVALID_STATE
    world.ca.certification.install(CALLER, arn, world.self_signed(arn), None)
    assert world.status(arn) is Status.ACTIVE
