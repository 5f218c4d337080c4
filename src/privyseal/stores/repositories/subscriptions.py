"""`events.subscriptions.SubscriptionRows` in SQL; secrets are wrapped on their way in."""

from collections.abc import Mapping, Sequence
from typing import Any

from privyseal.events.subscriptions import Subscription, SubscriptionState
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, time_of, to_micros
from privyseal.wrapping import Wrapper

_Q = queries("subscription")
_PLACE = {"table": "subscription", "column": "secret_wrapped"}


class SqlSubscriptions:
    def __init__(self, wrapper: Wrapper) -> None:
        self._wrapper = wrapper

    def insert(self, tx: Tx, subscription: Subscription) -> None:
        at = subscription.confirmed_at
        sql(tx).change(
            _Q["insert"],
            id=subscription.id,
            account=subscription.account,
            target=subscription.target,
            address=subscription.address,
            state=subscription.state.value,
            created_at=to_micros(subscription.created_at),
            confirmed_at=to_micros(at) if at else None,
            secret_wrapped=self._wrapper.wrap(subscription.secret, row=subscription.id, **_PLACE),
        )

    def find(self, tx: Tx, subscription_id: str) -> Subscription | None:
        row = sql(tx).row(_Q["find"], id=subscription_id)
        return self._subscription(row) if row else None

    def of_address(self, tx: Tx, target: str, address: str) -> Subscription | None:
        row = sql(tx).row(_Q["of_address"], target=target, address=address)
        return self._subscription(row) if row else None

    def confirmed(self, tx: Tx, target: str) -> Sequence[Subscription]:
        return [self._subscription(row) for row in sql(tx).rows(_Q["confirmed"], target=target)]

    def page(self, tx: Tx, after: str, limit: int) -> Sequence[Subscription]:
        return [self._subscription(row) for row in sql(tx).rows(_Q["page"], after=after, limit=limit)]

    def confirm(self, tx: Tx, subscription_id: str) -> None:
        sql(tx).change(_Q["confirm"], id=subscription_id, confirmed_at=to_micros(tx.now))

    def remove(self, tx: Tx, subscription_id: str) -> None:
        sql(tx).change(_Q["remove"], id=subscription_id)

    def _subscription(self, row: Mapping[str, Any]) -> Subscription:
        at = row["confirmed_at"]
        return Subscription(
            id=row["id"],
            account=row["account"],
            target=row["target"],
            address=row["address"],
            state=SubscriptionState(row["state"]),
            created_at=time_of(row["created_at"]),
            confirmed_at=time_of(at) if at is not None else None,
            secret=self._wrapper.unwrap(row["secret_wrapped"], row=row["id"], **_PLACE),
        )
