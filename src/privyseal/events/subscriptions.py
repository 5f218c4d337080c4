"""E-mail subscriptions: an address gets events of a target after its owner has confirmed it.

Who subscribes an address, an administrator, need not own it; so it gets one mail with a link and nothing
else until the link is used. Links carry an HMAC-SHA256 under a secret of the subscription's own: those
that confirm run out, those that end a subscription do not, for they stand in every mail.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from typing import Protocol

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

CONFIRM_WITHIN = timedelta(days=2)  # as long as Amazon SNS waits
MAX_PAGE = 1000


@unique
class SubscriptionState(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"


@unique
class Deed(StrEnum):
    """What a link is for; the last segment of its path."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    account: str
    target: str  # NAME of its `[targets.NAME]`
    address: str
    state: SubscriptionState
    created_at: datetime
    confirmed_at: datetime | None
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    subscription: str  # its id
    address: str
    unsubscribe_url: str


class SubscriptionRows(Protocol):
    """Every method runs inside the transaction it is given."""

    def insert(self, tx: Tx, subscription: Subscription) -> None:
        """Raises UniqueError where the target has one for that address."""
        ...

    def find(self, tx: Tx, subscription_id: str) -> Subscription | None: ...

    def of_address(self, tx: Tx, target: str, address: str) -> Subscription | None: ...

    def confirmed(self, tx: Tx, target: str) -> Sequence[Subscription]: ...

    def page(self, tx: Tx, after: str, limit: int) -> Sequence[Subscription]:
        """In the order of their ids, those after the given one."""
        ...

    def confirm(self, tx: Tx, subscription_id: str) -> None: ...

    def remove(self, tx: Tx, subscription_id: str) -> None: ...


class Subscriptions:
    """`url_of` gives what stands before the path of a link, for a target."""

    def __init__(self, store: Store, rows: SubscriptionRows, url_of: Callable[[str], str]) -> None:
        self._store = store
        self._rows = rows
        self._url_of = url_of

    def recipients(self, tx: Tx, target: str) -> Sequence[str]:
        """Whose subscriptions (their ids) get events of a target."""
        return [each.id for each in self._rows.confirmed(tx, target)]

    def recipient(self, subscription_id: str) -> Recipient | None:
        """None for whoever gets no events, or none any more."""
        found = self._store.view(lambda tx: self._rows.find(tx, subscription_id))
        if found is None or found.state is not SubscriptionState.CONFIRMED:
            return None
        return Recipient(found.id, found.address, self._link(found, Deed.UNSUBSCRIBE, None))

    def page(self, after: str, limit: int) -> Sequence[Subscription]:
        return self._store.view(lambda tx: self._rows.page(tx, after, min(limit, MAX_PAGE)))

    def invitation(self, subscription: Subscription, now: datetime) -> str:
        """The link that confirms it."""
        return self._link(subscription, Deed.CONFIRM, now + CONFIRM_WITHIN)

    def look(self, deed: Deed, subscription_id: str, until: str, signature: str) -> Subscription:
        """What a link is about, without doing it: mail scanners follow links, people press buttons.

        Raises NOT_FOUND for a link that nobody gave out or whose subscription is gone, INVALID_STATE for
        one that has run out.
        """
        return self._store.view(lambda tx: self._checked(tx, deed, subscription_id, until, signature))

    def confirm(self, subscription_id: str, until: str, signature: str, request_id: str) -> Subscription:
        """Raises what `look` raises. To confirm twice changes nothing."""

        def write(tx: Tx) -> Subscription:
            found = self._checked(tx, Deed.CONFIRM, subscription_id, until, signature)
            if found.state is SubscriptionState.PENDING:
                self._rows.confirm(tx, found.id)
                tx.record(entry("privyseal:ConfirmSubscription", _owner(found, request_id), _resource(found)))
            return found

        return self._store.transact(write)

    def unsubscribe(self, subscription_id: str, signature: str, request_id: str) -> Subscription:
        """By its owner. Raises what `look` raises."""

        def write(tx: Tx) -> Subscription:
            found = self._checked(tx, Deed.UNSUBSCRIBE, subscription_id, "", signature)
            self._remove(tx, found, _owner(found, request_id))
            return found

        return self._store.transact(write)

    def remove(self, caller: Caller, subscription_id: str) -> None:
        """By an administrator. Raises NOT_FOUND."""

        def write(tx: Tx) -> None:
            found = self._rows.find(tx, subscription_id)
            if found is None:
                raise PrivySealError(ErrorCode.NOT_FOUND, f"There is no subscription {subscription_id!a}.")
            self._remove(tx, found, caller)

        self._store.transact(write)

    def _remove(self, tx: Tx, subscription: Subscription, caller: Caller) -> None:
        self._rows.remove(tx, subscription.id)
        tx.record(entry("privyseal:Unsubscribe", caller, _resource(subscription)))

    def _checked(self, tx: Tx, deed: Deed, subscription_id: str, until: str, signature: str) -> Subscription:
        found = self._rows.find(tx, subscription_id)
        if found is None or not hmac.compare_digest(
            _signature(found, deed, until).encode(), signature.encode()
        ):
            raise PrivySealError(ErrorCode.NOT_FOUND, "There is no such subscription, or not any more.")
        if until and tx.now > datetime.fromtimestamp(int(until), UTC):
            raise PrivySealError(
                ErrorCode.INVALID_STATE, "This link has run out: ask to be subscribed once more."
            )
        return found

    def _link(self, subscription: Subscription, deed: Deed, until: datetime | None) -> str:
        end = str(int(until.timestamp())) if until else ""
        query = f"signature={_signature(subscription, deed, end)}" + (f"&until={end}" if end else "")
        return f"{self._url_of(subscription.target)}/subscriptions/{subscription.id}/{deed.value}?{query}"


def _signature(subscription: Subscription, deed: Deed, until: str) -> str:
    signed = f"{deed.value}|{subscription.id}|{until}".encode()
    digest = hmac.digest(subscription.secret, signed, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _owner(subscription: Subscription, request_id: str) -> Caller:
    return Caller(_resource(subscription), subscription.account, request_id)


def _resource(subscription: Subscription) -> str:
    """In the audit trail, which nobody can edit: not the address, which is somebody's own."""
    return f"subscription:{subscription.id}"
