"""`devices.order_ports.Orders` and `LinkKeys` in SQL; the key is wrapped on its way in."""

from typing import Any

from privyseal.devices.orders import Order, failure
from privyseal.devices.vending import Enrolled
from privyseal.errors import PrivySealError
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros
from privyseal.wrapping import Wrapper

_Q = queries("device_order")
_KEY_ID = "links"  # there is one
_PLACE = {"table": "link_key", "row": _KEY_ID, "column": "secret_wrapped"}


class SqlOrders:
    def put(self, tx: Tx, order: Order) -> None:
        sql(tx).change(_Q["put"], **_request(order), **_progress(order))

    def find(self, tx: Tx, order_id: str) -> Order | None:
        return _one(sql(tx).row(_Q["find"], id=order_id))

    def of_request(
        self, tx: Tx, account: str, device_id: str, contract: str, csr_digest: bytes
    ) -> Order | None:
        where = {"account": account, "device_id": device_id, "contract": contract, "csr_digest": csr_digest}
        return _one(sql(tx).row(_Q["of_request"], **where))

    def due(self, tx: Tx, limit: int) -> list[Order]:
        return [_order(row) for row in sql(tx).rows(_Q["due"], now=to_micros(tx.now), limit=limit)]

    def is_due(self, tx: Tx) -> bool:
        return sql(tx).row(_Q["is_due"], now=to_micros(tx.now)) is not None

    def save(self, tx: Tx, order: Order) -> None:
        sql(tx).change(_Q["save"], **_progress(order))

    def prune(self, tx: Tx, limit: int) -> int:
        return sql(tx).change(_Q["prune"], now=to_micros(tx.now), limit=limit)


class SqlLinkKeys:
    def __init__(self, wrapper: Wrapper) -> None:
        self._wrapper = wrapper

    def find(self, tx: Tx) -> bytes | None:
        row = sql(tx).row(_Q["key"])
        return self._wrapper.unwrap(row["secret_wrapped"], **_PLACE) if row else None

    def put(self, tx: Tx, secret: bytes) -> None:
        wrapped = self._wrapper.wrap(secret, **_PLACE)
        sql(tx).change(_Q["put_key"], id=_KEY_ID, secret_wrapped=wrapped, created_at=to_micros(tx.now))


def _request(order: Order) -> dict[str, Any]:
    return {
        "account": order.account,
        "device_id": order.device_id,
        "contract": order.contract,
        "csr_digest": order.csr_digest,
        "csr": order.csr,
        "request_id": order.request_id,
        "asked_at": to_micros(order.asked_at),
        "expires_at": to_micros(order.expires_at),
        "link": order.link,
    }


def _progress(order: Order) -> dict[str, Any]:
    enrolled = order.outcome if isinstance(order.outcome, Enrolled) else Enrolled("", "", "", "")
    error = order.outcome if isinstance(order.outcome, PrivySealError) else None
    return {
        "id": order.id,
        "state": order.state.value,
        "attempts": order.attempts,
        "due_at": to_micros(order.due_at),
        "arn": enrolled.arn,
        "certificate": enrolled.certificate,
        "chain": enrolled.chain,
        "endpoint": enrolled.endpoint,
        "error": error.code.value if error else "",
        "message": error.message if error else "",
    }


def _one(row: Row | None) -> Order | None:
    return _order(row) if row else None


def _order(row: Row) -> Order:
    return Order(
        id=row["id"],
        account=row["account"],
        device_id=row["device_id"],
        contract=row["contract"],
        csr_digest=row["csr_digest"],
        csr=row["csr"],
        request_id=row["request_id"],
        asked_at=time_of(row["asked_at"]),
        expires_at=time_of(row["expires_at"]),
        link=row["link"],
        attempts=row["attempts"],
        due_at=from_micros(row["due_at"]),
        outcome=_outcome(row),
    )


def _outcome(row: Row) -> Enrolled | PrivySealError | None:
    if row["error"]:
        return failure(row["error"], row["message"])
    if row["arn"]:
        return Enrolled(row["certificate"], row["chain"], row["arn"], row["endpoint"])
    return None
