"""Subscriptions: only the owner of an address confirms it, and anybody with a mail can end it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from privyseal.caller import Caller
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.subscribing import Subscribing
from privyseal.events.subscriptions import CONFIRM_WITHIN, Recipient, Subscriptions, SubscriptionState
from privyseal.frontends.http import App, Pool
from privyseal.frontends.subscriptions import SubscriptionFrontend
from privyseal.meter import SilentMeter
from privyseal.stores.repositories.subscriptions import SqlSubscriptions
from privyseal.stores.sqlite import SqliteStore
from privyseal.wrapping import Wrapper, new_kek
from tests.frontends.live import serving
from tests.stores.tables import rows_of

ADMIN = Caller("arn:aws:iam::111122223333:user/admin", "111122223333", "req-1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = "ops@example.com"


@dataclass
class Outbox:
    """Implements `Post`."""

    broken: bool = False
    texts: list[tuple[str, str]] = field(default_factory=list)

    def post(self, address: str, subject: str, text: str) -> None:
        if self.broken:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "the mail server is away")
        self.texts.append((address, text))

    def link(self) -> str:
        found = re.search(r"^https?://\S+$", self.texts[-1][1], re.MULTILINE)
        assert found
        return found[0]


class World:
    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.store = SqliteStore(":memory:", self.clock)
        self.store.migrate()
        rows = SqlSubscriptions(Wrapper(new_kek()))
        self.url = "http://ca.example"
        self.outbox = Outbox()
        self.subscriptions = Subscriptions(self.store, rows, lambda _: self.url)
        self.subscribing = Subscribing(self.store, rows, self.subscriptions, lambda: {"ops": self.outbox})
        self.pool = Pool(2, 8)

    def subscribe(self, address: str = ADDRESS) -> str:
        """The link in the mail."""
        self.subscribing.subscribe(ADMIN, "ops", address)
        return self.outbox.link()

    def addresses(self) -> list[str]:
        return [each.address for each in self.recipients()]

    def recipients(self) -> list[Recipient]:
        found = self.store.view(lambda tx: self.subscriptions.recipients(tx, "ops"))
        assert self.store.view(lambda tx: self.subscriptions.recipients(tx, "elsewhere")) == []
        return [each for each in map(self.subscriptions.recipient, found) if each]

    def actions(self) -> list[str]:
        entries = [row["entries"] for row in rows_of(self.store, "journal")]
        return sorted(re.findall(r'"action":"privyseal:(\w+)"', "".join(entries)))


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    made = World()
    with serving(App(SubscriptionFrontend(made.subscriptions, made.pool).routes(), SilentMeter())) as url:
        made.url = url
        yield made
    made.pool.close()
    made.store.close()


def press(link: str, method: str = "POST") -> tuple[int, str]:
    url = urlsplit(link)
    connection = HTTPConnection(url.netloc, timeout=10)
    try:
        connection.request(method, f"{url.path}?{url.query}")
        answer = connection.getresponse()
        text = unescape(answer.read().decode())
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        return answer.status, text
    finally:
        connection.close()


def test_nothing_is_sent_before_the_owner_has_pressed_the_button(world: World) -> None:
    link = world.subscribe()
    assert world.addresses() == []
    (pending,) = world.subscriptions.page("", 10)
    assert world.subscriptions.recipient(pending.id) is None
    status, page = press(link, "GET")
    assert (status, ADDRESS in page, "<button>" in page) == (200, True, True)
    assert world.addresses() == [], "mail scanners follow links"
    assert press(link)[0] == 200
    assert world.addresses() == [ADDRESS]
    assert press(link)[0] == 200, "a second press changes nothing"
    assert world.actions() == ["ConfirmSubscription", "Subscribe"]


def test_a_link_runs_out_and_another_can_be_had(world: World) -> None:
    link = world.subscribe()
    world.clock.advance(CONFIRM_WITHIN + timedelta(seconds=1))
    assert press(link) == (410, press(link, "GET")[1])
    assert world.addresses() == []
    assert press(world.subscribe())[0] == 200
    assert world.addresses() == [ADDRESS]
    assert len(world.subscriptions.page("", 10)) == 1


def test_whoever_is_confirmed_gets_no_other_invitation(world: World) -> None:
    press(world.subscribe())
    assert world.subscribing.subscribe(ADMIN, "ops", ADDRESS.upper()).state is SubscriptionState.CONFIRMED
    assert len(world.outbox.texts) == 1


def test_the_link_in_every_mail_ends_it_for_good(world: World) -> None:
    old = world.subscribe()
    press(old)
    (recipient,) = world.recipients()
    world.clock.advance(timedelta(days=1000))
    assert press(recipient.unsubscribe_url, "GET")[0] == 200
    assert world.addresses() == [ADDRESS]
    assert press(recipient.unsubscribe_url)[0] == 200
    assert world.addresses() == []
    assert world.subscriptions.recipient(recipient.subscription) is None
    assert press(recipient.unsubscribe_url)[0] == 404
    assert press(old)[0] == 404
    assert world.actions() == ["ConfirmSubscription", "Subscribe", "Unsubscribe"]


def test_no_other_link_does_anything(world: World) -> None:
    link = world.subscribe()
    other = world.subscribe("other@example.com")
    url, elsewhere = urlsplit(link), urlsplit(other)
    bare = f"{url.scheme}://{url.netloc}"
    changed = [
        link.replace("confirm", "unsubscribe"),
        link[:-1] + ("1" if link[-1] == "0" else "0"),
        re.sub("signature=.", "signature=%00", link),
        re.sub("signature=[^&]*", "signature=", link),
        re.sub("signature=[^&]*", "signature=\N{KEY}".replace("\N{KEY}", "%F0%9F%94%91"), link),
        re.sub("&until=.*", "", link),
        re.sub("until=.*", "until=99999999999", link),
        f"{bare}{url.path}?{elsewhere.query}",
        f"{bare}/subscriptions/none/confirm?{url.query}",
        f"{bare}/subscriptions/confirm?{url.query}",
        f"{bare}{url.path}/x?{url.query}",
    ]
    for each in changed:
        for method in ("GET", "POST"):
            assert press(each, method)[0] == 404, each
    assert world.addresses() == []


@pytest.mark.parametrize(
    "address",
    [
        "", "ops", "@x", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a@b\n", "<a@b>", "a@b,c@d", "a@b c",
        "ä@b", "a..b@c", ".a@b", "a@b..c",
        "x" * 65 + "@b", "a@" + "b" * 64, "a@[127.0.0.1]", '"a b"@c', "a@b\0",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(world: World, address: str) -> None:
    with pytest.raises(PrivySealError) as refused:
        world.subscribing.subscribe(ADMIN, "ops", address)
    assert refused.value.code is ErrorCode.VALIDATION
    assert world.outbox.texts == []


def test_a_target_that_sends_no_mail_is_refused(world: World) -> None:
    with pytest.raises(PrivySealError, match="type smtp") as refused:
        world.subscribing.subscribe(ADMIN, "elsewhere", ADDRESS)
    assert refused.value.code is ErrorCode.NOT_FOUND


def test_a_mail_that_did_not_go_out_goes_out_when_asked_again(world: World) -> None:
    world.outbox.broken = True
    with pytest.raises(PrivySealError, match="away"):
        world.subscribe()
    world.outbox.broken = False
    press(world.subscribe())
    assert world.addresses() == [ADDRESS]


def test_an_administrator_can_end_it(world: World) -> None:
    press(world.subscribe())
    (found,) = world.subscriptions.page("", 10)
    world.subscriptions.remove(ADMIN, found.id)
    assert world.addresses() == []
    with pytest.raises(PrivySealError) as refused:
        world.subscriptions.remove(ADMIN, found.id)
    assert refused.value.code is ErrorCode.NOT_FOUND


def test_secrets_and_addresses_stay_where_they_belong(world: World) -> None:
    """The secret is wrapped at rest, and the audit trail, which nobody can edit, has no address."""
    link = world.subscribe()
    press(link)
    (row,) = rows_of(world.store, "subscription")
    (found,) = world.subscriptions.page("", 10)
    assert found.secret not in row["secret_wrapped"]
    assert found.secret.hex() not in repr(found)
    assert all(ADDRESS not in each["entries"] for each in rows_of(world.store, "journal"))
