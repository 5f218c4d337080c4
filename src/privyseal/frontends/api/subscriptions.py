"""E-mail subscriptions: who gets events of a target, as administrators see it."""

from datetime import datetime
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from privyseal.events.subscribing import Subscribing
from privyseal.events.subscriptions import Subscription, Subscriptions
from privyseal.frontends import strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool


class SubscribeRequest(Struct, forbid_unknown_fields=True):
    target: Annotated[str, Meta(max_length=64)]
    address: Annotated[str, Meta(max_length=400)]


class SubscriptionEntry(Struct):
    id: str
    target: str
    address: str
    state: str
    created_at: datetime
    confirmed_at: datetime | None


class SubscriptionPage(Struct):
    subscriptions: list[SubscriptionEntry]
    next: str | None  # `after` of the next page


class Removed(Struct):
    id: str


def endpoints(subscriptions: Subscriptions, subscribing: Subscribing, pool: Pool) -> list[Endpoint]:
    resource = SubscriptionResource(subscriptions, subscribing, pool)
    here = ("event-subscriptions",)
    return [
        Endpoint("Subscribe", "POST", here, resource.subscribe),
        Endpoint("ListSubscriptions", "GET", here, resource.page, PAGE_PARAMETERS),
        Endpoint("Unsubscribe", "DELETE", (*here, None), resource.remove),
    ]


class SubscriptionResource:
    def __init__(self, subscriptions: Subscriptions, subscribing: Subscribing, pool: Pool) -> None:
        self._subscriptions = subscriptions
        self._subscribing = subscribing
        self._pool = pool

    async def subscribe(self, call: Call) -> SubscriptionEntry:
        body = strict_json.decode(call.body, SubscribeRequest)
        found = await self._pool.run(self._subscribing.subscribe, call.caller, body.target, body.address)
        return _entry(found)

    async def page(self, call: Call) -> SubscriptionPage:
        limit = page_size(call.query)
        found = await self._pool.run(partial(self._subscriptions.page, call.query.get("after", ""), limit))
        entries = [_entry(each) for each in found]
        return SubscriptionPage(entries, entries[-1].id if len(entries) == limit else None)

    async def remove(self, call: Call) -> Removed:
        (subscription_id,) = call.variables
        await self._pool.run(self._subscriptions.remove, call.caller, subscription_id)
        return Removed(subscription_id)


def _entry(subscription: Subscription) -> SubscriptionEntry:
    return SubscriptionEntry(
        id=subscription.id,
        target=subscription.target,
        address=subscription.address,
        state=subscription.state.value,
        created_at=subscription.created_at,
        confirmed_at=subscription.confirmed_at,
    )
