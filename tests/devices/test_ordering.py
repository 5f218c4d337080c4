"""Orders: what is owed outlives the process that promised it, and is a retry however late it comes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from privyseal.devices import limits
from privyseal.devices.link_tokens import KEY_BYTES, ExpiredError, LinkTokens, ensure_key
from privyseal.devices.ordering import ANSWERED, ORDERED, Ordering, order_pause
from privyseal.devices.orders import Order, OrderState
from privyseal.devices.vending import Enrolled
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.repositories.orders import SqlLinkKeys, SqlOrders
from privyseal.stores.sql import sql
from privyseal.wrapping import KEK_BYTES, Wrapper
from tests.devices.deployment import START, Deployment, deployment
from tests.devices.fakes import MemoryRegistrar
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
HOUR = timedelta(hours=1)


class Nowhere:
    """A counter whose links lead nowhere; it keeps what it is given."""

    def __init__(self) -> None:
        self.laid_out: list[Order] = []

    def link(self, order_id: str, expires_at: datetime) -> str:
        return f"/{order_id}"

    def lay_out(self, order: Order) -> None:
        self.laid_out.append(order)


class World:
    """`sensor`, an authority, a registrar; `process` is one process of the service."""

    def __init__(self, product: Deployment) -> None:
        self.product = product
        product.register("sensor", KEY.public_key())
        self.authority = product.hierarchy()
        self.registrar = MemoryRegistrar("broker.example")

    def process(self, product: Deployment | None = None) -> Ordering:
        on = product or self.product
        enrolment = on.enrolment(on.issuer(self.authority), {"broker": self.registrar})
        return Ordering(on.store, SqlOrders(), {"new": enrolment}, Nowhere())

    def certificates(self) -> int:
        found = self.product.store.view(
            lambda tx: sql(tx).row("SELECT COUNT(*) AS n FROM device_certificate")
        )
        assert found
        return int(found["n"])

    def actions(self) -> list[str]:
        return [each["action"] for each in self.product.journal()]


@pytest.fixture(name="world")
def world_fixture(tmp_path: Path) -> Iterator[World]:
    with deployment(tmp_path / "a.db") as product:
        yield World(product)


def place(process: Ordering, request: bytes, *, begun: bool = False) -> Order:
    return process.place("new", request, "sensor", request_id="r", begun=begun)


def done(process: Ordering, order: Order) -> Enrolled:
    found = process.find(order.id)
    assert isinstance(found.outcome, Enrolled), found
    return found.outcome


def test_an_order_is_worked_off_by_whoever_finds_it(world: World) -> None:
    """Another process on the same database, which has not seen the request."""
    order = place(world.process(), csr(KEY, "sensor"))
    other = world.process()
    assert world.product.store.view(other.waiting)
    other.work(Event())
    assert done(world.process(), order).endpoint == "broker.example"
    assert not world.product.store.view(other.waiting)
    assert world.actions().count(ORDERED) == world.actions().count(ANSWERED) == 1


def test_who_was_killed_at_it_delays_it_and_nothing_else(world: World) -> None:
    """However long nobody was there: the certificate that had been made is the one that is given."""
    order = place(world.process(), csr(KEY, "sensor"))
    world.registrar.fail = ErrorCode.UNAVAILABLE
    world.process().work(Event())  # issued, and not registered
    assert world.process().find(order.id).state is OrderState.PENDING
    world.product.clock.advance(10 * HOUR)
    world.registrar.fail = None
    world.process().work(Event())
    assert done(world.process(), order).arn == world.registrar.active[0]
    assert world.certificates() == 1


def test_what_was_finished_before_the_crash_is_not_made_again(world: World) -> None:
    """The device's thread had released the certificate, and nobody had noted it on the order."""
    request = csr(KEY, "sensor")
    process = world.process()
    order = place(process, request, begun=True)
    enrolment = world.product.enrolment(world.product.issuer(world.authority), {"broker": world.registrar})
    enrolled = enrolment.enrol(request, "sensor", request_id="r")
    world.product.clock.advance(HOUR)  # long after the five minutes in which the same CSR is a retry
    world.process().work(Event())
    assert done(process, order) == enrolled
    assert world.certificates() == 1


def test_who_is_at_it_is_left_alone_until_it_says_so_or_its_time_is_over(world: World) -> None:
    process = world.process()
    order = place(process, csr(KEY, "sensor"), begun=True)
    assert not world.product.store.view(process.waiting)
    process.release(order)
    assert world.product.store.view(process.waiting)
    late = place(process, csr(KEY, "sensor"), begun=True)
    world.product.clock.advance(limits.ORDER_LEASE)
    process.work(Event())
    assert done(process, late)
    assert done(process, order)


def test_a_finished_order_answers_retries_and_later_the_same_request_is_a_rotation(world: World) -> None:
    process, request = world.process(), csr(KEY, "sensor")
    first = place(process, request)
    process.work(Event())
    assert place(process, request).id == first.id
    world.product.clock.advance(2 * limits.RETRY_WINDOW)
    second = place(process, request)
    process.work(Event())
    assert done(process, second).arn != world.registrar.registered[0].arn
    assert world.certificates() == 2
    with pytest.raises(PrivySealError, match="nothing at this link"):
        process.find(first.id)


def test_a_pending_order_is_one_however_late_it_is_asked_for(world: World) -> None:
    process, request = world.process(), csr(KEY, "sensor")
    order = place(process, request)
    world.product.clock.advance(HOUR)
    assert place(process, request) == order


def test_what_has_expired_is_forgotten(world: World) -> None:
    process = world.process()
    order = place(process, csr(KEY, "sensor"))
    world.product.clock.advance(limits.LINK_LIFETIME)
    place(process, csr(KEY, "sensor"))
    with pytest.raises(PrivySealError, match="nothing at this link"):
        process.find(order.id)


def test_pauses_grow_to_a_minute() -> None:
    pauses = [order_pause(n).total_seconds() for n in range(limits.ORDER_ATTEMPTS)]
    assert pauses == [2, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_one_key_for_all_processes_and_not_to_be_read_in_the_database(world: World) -> None:
    keys = SqlLinkKeys(Wrapper(bytes(KEK_BYTES)))
    key = ensure_key(world.product.store, keys)
    assert len(key) == KEY_BYTES
    assert ensure_key(world.product.store, keys) == key
    (row,) = world.product.store.view(lambda tx: sql(tx).rows("SELECT * FROM link_key"))
    assert key not in row["secret_wrapped"]
    with pytest.raises(PrivySealError, match="does not open"):
        ensure_key(world.product.store, SqlLinkKeys(Wrapper(b"k" * KEK_BYTES)))


ORDER_ID = "3f0c1c55-0ac3-4d6b-9a4d-0a52b1a4f5b0"


def test_a_token_is_read_by_who_has_the_key_until_it_expires() -> None:
    token = LinkTokens(b"k" * KEY_BYTES).make(ORDER_ID, START + HOUR)
    assert LinkTokens(b"k" * KEY_BYTES).read(token, START) == ORDER_ID
    with pytest.raises(ExpiredError):
        LinkTokens(b"k" * KEY_BYTES).read(token, START + HOUR)
    with pytest.raises(PrivySealError) as caught:
        LinkTokens(b"l" * KEY_BYTES).read(token, START)
    assert caught.value.code is ErrorCode.NOT_FOUND


@given(st.integers(0, 90), st.characters(max_codepoint=127))
def test_a_token_with_another_character_anywhere_is_none(position: int, character: str) -> None:
    tokens = LinkTokens(b"k" * KEY_BYTES)
    token = tokens.make(ORDER_ID, START + HOUR)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    if changed != token:
        with pytest.raises(PrivySealError):
            tokens.read(changed, START)


@given(st.text())
def test_whatever_else_is_there_is_no_token(text: str) -> None:
    with pytest.raises(PrivySealError):
        LinkTokens(b"k" * KEY_BYTES).read(text, START)
