"""Subscribing an address: recorded first, then invited by a mail."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Protocol

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.subscriptions import (
    CONFIRM_WITHIN,
    Subscription,
    SubscriptionRows,
    Subscriptions,
    SubscriptionState,
)
from privyseal.names import new_id
from privyseal.store import Store, Tx

SECRET_BYTES = 32

# What RFC 5321 §4.1.2 calls Mailbox with a Dot-string, in ASCII, within §4.5.3.1's lengths.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(
    rf"\A(?=[^@]{{1,64}}@.{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}})*\Z"
)


class Post(Protocol):
    """A target that sends mail."""

    def post(self, address: str, subject: str, text: str) -> None:
        """Raises UNAVAILABLE when that may work later, INVALID_ARGUMENT when it never will."""
        ...


class Subscribing:
    """`posts` gives the targets that send mail, by name."""

    def __init__(
        self,
        store: Store,
        rows: SubscriptionRows,
        subscriptions: Subscriptions,
        posts: Callable[[], Mapping[str, Post]],
    ) -> None:
        self._store = store
        self._rows = rows
        self._subscriptions = subscriptions
        self._posts = posts

    def subscribe(self, caller: Caller, target: str, address: str) -> Subscription:
        """The subscription, which waits until its owner confirms it. Who is not confirmed yet gets another
        mail; who is gets none.

        Raises VALIDATION for what is no address, NOT_FOUND for what is no target of type smtp; what the
        mail server has against the mail comes last, when the subscription is on record.
        """
        if not _ADDRESS.match(address):
            raise PrivySealError(ErrorCode.VALIDATION, f"{address[:300]!a} is not an e-mail address.")
        post = self._posts().get(target)
        if post is None:
            raise PrivySealError(ErrorCode.NOT_FOUND, f"There is no section [targets.{target}] of type smtp.")
        found, now = self._store.transact(
            lambda tx: (self._begin(tx, caller, target, address.lower()), tx.now)
        )
        if found.state is SubscriptionState.PENDING:
            link = self._subscriptions.invitation(found, now)
            post.post(found.address, "Confirm your subscription", _text(found, link))
        return found

    def _begin(self, tx: Tx, caller: Caller, target: str, address: str) -> Subscription:
        if known := self._rows.of_address(tx, target, address):
            return known
        new = Subscription(
            id=new_id(),
            account=caller.account,
            target=target,
            address=address,
            state=SubscriptionState.PENDING,
            created_at=tx.now,
            confirmed_at=None,
            secret=secrets.token_bytes(SECRET_BYTES),
        )
        self._rows.insert(tx, new)
        tx.record(entry("privyseal:Subscribe", caller, f"subscription:{new.id}", target=target))
        return new


def _text(subscription: Subscription, link: str) -> str:
    days = CONFIRM_WITHIN.days
    return (
        f"Somebody has asked that {subscription.address} gets events about certificates by e-mail\n"
        f"(from the target {subscription.target!r}). To agree, open this link within {days} days:\n\n"
        f"{link}\n\nIf you do not want that, do nothing: there will be no other mail.\n"
    )
