"""`events.repositories` in SQL."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from privyseal.events.repositories import (
    Backlog,
    Cursor,
    DeadPlace,
    Delivery,
    DeliveryState,
    HistoryPlace,
    Recorded,
    Selection,
    Sent,
)
from privyseal.events.shapes.model import Event
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_E = queries("event")
_D = queries("event_delivery")
_ALWAYS = 2**63 - 1  # the largest number that a column holds
# No delay is longer: what is due later was put off by a clock that was ahead.
LONGEST = timedelta(hours=1)


class SqlEvents:
    def moved(self, tx: Tx) -> Cursor:
        return {row["writer"]: row["seq"] for row in sql(tx).rows(_E["moved"])}

    def put_cursor(self, tx: Tx, cursor: Cursor) -> None:
        sql(tx).change_each(
            _E["put_cursor"], [{"writer": writer, "seq": seq} for writer, seq in cursor.items()]
        )

    def add(self, tx: Tx, events: Sequence[Event]) -> Sequence[int]:
        first = self.last_number(tx) + 1
        numbers = range(first, first + len(events))
        sql(tx).change_each(
            _E["insert"],
            [
                {
                    "number": number,
                    "id": event.body["id"],
                    "at": to_micros(event.at),
                    "account": event.body["account"],
                    "subject": event.subject,
                    "detail_type": event.body["detail-type"],
                    "body": json.dumps(event.body, separators=(",", ":")),
                }
                for number, event in zip(numbers, events, strict=True)
            ],
        )
        return numbers

    def page(
        self, tx: Tx, account: str, selection: Selection, after: HistoryPlace | None, limit: int
    ) -> Sequence[Recorded]:
        parameters = {
            "account": account,
            "since": 0 if selection.since is None else to_micros(selection.since),
            "until": _ALWAYS if selection.until is None else to_micros(selection.until),
            "at": _ALWAYS if after is None else to_micros(after.at),
            "number": _ALWAYS if after is None else after.number,
            "limit": limit,
        }
        if selection.subject is not None:
            query, more = (
                "page_of_subject",
                {"subject": selection.subject, "detail_type": selection.detail_type},
            )
        elif selection.detail_type is not None:
            query, more = "page_of_kind", {"detail_type": selection.detail_type}
        else:
            query, more = "page", {}
        return _with_deliveries(tx, sql(tx).rows(_E[query], **parameters, **more))

    def following(self, tx: Tx, account: str, number: int, limit: int) -> Sequence[Recorded]:
        found = sql(tx).rows(_E["following"], account=account, number=number, limit=limit)
        return _with_deliveries(tx, found)

    def has(self, tx: Tx, account: str, event_id: str) -> bool:
        return sql(tx).row(_E["has"], account=account, id=event_id) is not None

    def last_number(self, tx: Tx) -> int:
        row = sql(tx).row(_E["last_number"])
        return int(row["number"] or 0) if row else 0

    def any_before(self, tx: Tx, before: datetime) -> bool:
        return sql(tx).row(_E["any_before"], before=to_micros(before)) is not None

    def prune(self, tx: Tx, before: datetime, limit: int) -> int:
        parameters = {"before": to_micros(before), "limit": limit}
        lines = list(sql(tx).rows(_E["lines_to_prune"], **parameters))
        sql(tx).change(_E["prune_deliveries"], **parameters)
        for line in lines:
            _promote(tx, line["target"], line["recipient"], line["subject"])
        return sql(tx).change(_E["prune"], **parameters)


class SqlDeliveries:
    def add(self, tx: Tx, number: int, target: str, subject: str, recipient: str = "") -> None:
        place = {"number": number, "target": target, "recipient": recipient, "subject": subject}
        sql(tx).change(_D["insert"], **place, now=to_micros(tx.now))

    def any_due(self, tx: Tx, targets: Sequence[str]) -> bool:
        return sql(tx).row(_D["any_due"], targets=targets, **_now(tx)) is not None

    def due(self, tx: Tx, target: str, limit: int) -> Sequence[Delivery]:
        return [_delivery(row) for row in sql(tx).rows(_D["due"], target=target, limit=limit, **_now(tx))]

    def delivered(self, tx: Tx, delivery: Delivery) -> None:
        if _settle(tx, delivery, DeliveryState.DELIVERED, None, None):
            _promote(tx, delivery.target, delivery.recipient, delivery.subject)

    def spread(self, tx: Tx, delivery: Delivery, recipients: Sequence[str]) -> None:
        if not sql(tx).change(_D["remove"], **_place(delivery)):
            return
        for each in recipients:
            self.add(tx, delivery.number, delivery.target, delivery.subject, each)
        _promote(tx, delivery.target, delivery.recipient, delivery.subject)

    def put_off(self, tx: Tx, delivery: Delivery, until: datetime, error: str) -> None:
        _settle(tx, delivery, DeliveryState.WAITING, until, error)

    def give_up(self, tx: Tx, delivery: Delivery, error: str) -> None:
        if _settle(tx, delivery, DeliveryState.DEAD, None, error):
            _promote(tx, delivery.target, delivery.recipient, delivery.subject)

    def dead(
        self,
        tx: Tx,
        account: str,
        *,
        target: str | None,
        event_id: str | None,
        after: DeadPlace,
        limit: int,
    ) -> Sequence[Delivery]:
        number, after_target, after_recipient = after
        rows = sql(tx).rows(
            _D["dead"],
            account=account,
            target=target,
            event=event_id,
            number=number,
            after_target=after_target,
            after_recipient=after_recipient,
            limit=limit,
        )
        return [
            replace(_delivery(row), attempted_at=from_micros(row["attempted_at"]), error=row["error"])
            for row in rows
        ]

    def replay(self, tx: Tx, delivery: Delivery) -> bool:
        if not sql(tx).change(_D["replay"], now=to_micros(tx.now), **_place(delivery)):
            return False
        _promote(tx, delivery.target, delivery.recipient, delivery.subject)
        return True

    def backlog(self, tx: Tx, most: int) -> Backlog:
        row = sql(tx).row(_D["backlog"], most=most)
        assert row is not None
        return Backlog(row["waiting"], row["dead"])


def _settle(
    tx: Tx, delivery: Delivery, state: DeliveryState, due_at: datetime | None, error: str | None
) -> bool:
    changed = sql(tx).change(
        _D["settle"],
        **_place(delivery),
        attempts=delivery.attempts,
        state=state.value,
        due_at=to_micros(due_at),
        now=to_micros(tx.now),
        error=error,
    )
    return changed == 1


def _promote(tx: Tx, target: str, recipient: str, subject: str) -> None:
    line = {"target": target, "recipient": recipient, "subject": subject}
    sql(tx).change(_D["promote"], now=to_micros(tx.now), **line)


def _place(delivery: Delivery) -> dict[str, int | str]:
    return {"number": delivery.number, "target": delivery.target, "recipient": delivery.recipient}


def _now(tx: Tx) -> dict[str, int | None]:
    return {"now": to_micros(tx.now), "beyond": to_micros(tx.now + LONGEST)}


def _delivery(row: Row) -> Delivery:
    return Delivery(
        row["number"],
        row["target"],
        row["subject"],
        row["id"],
        json.loads(row["body"]),
        time_of(row["created_at"]),
        row["attempts"],
        recipient=row["recipient"],
    )


def _with_deliveries(tx: Tx, rows: Sequence[Row]) -> Sequence[Recorded]:
    sent: dict[int, list[Sent]] = {row["number"]: [] for row in rows}
    for row in sql(tx).rows(_E["deliveries"], numbers=list(sent)) if sent else ():
        state, attempted = DeliveryState(row["state"]), from_micros(row["attempted_at"])
        sent[row["number"]].append(
            Sent(row["target"], row["recipient"], state, row["attempts"], attempted, row["error"])
        )
    return [
        Recorded(
            row["number"], time_of(row["at"]), row["subject"], json.loads(row["body"]), sent[row["number"]]
        )
        for row in rows
    ]
