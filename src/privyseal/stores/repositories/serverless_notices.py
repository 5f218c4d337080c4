"""`serverless.notice_ports` in SQL: what has been said of certificates, and where they are published."""

import json
from collections.abc import Sequence
from datetime import datetime

from privyseal.events.repositories import Cursor
from privyseal.names import format_serial
from privyseal.serverless.model import Issue, Noted
from privyseal.store import Tx
from privyseal.stores.repositories.serverless import issue_of
from privyseal.stores.sql import Row, from_micros, queries, sql, to_micros

_Q = queries("serverless_notices")


class SqlNotedIssues:
    def moved(self, tx: Tx) -> Cursor:
        return {row["writer"]: row["seq"] for row in sql(tx).rows(_Q["moved"])}

    def put_cursor(self, tx: Tx, cursor: Cursor) -> None:
        many = [{"writer": writer, "seq": seq} for writer, seq in cursor.items()]
        sql(tx).change_each(_Q["put_cursor"], many)

    def find(self, tx: Tx, authority_id: str, serial: int) -> Noted | None:
        row = sql(tx).row(_Q["find"], authority_id=authority_id, serial=format_serial(serial))
        return _noted(row) if row else None

    def revoke(self, tx: Tx, issue: Issue, at: datetime) -> bool:
        return sql(tx).change(_Q["revoke"], **_key(issue), at=to_micros(at), now=to_micros(tx.now)) == 1

    def unplanned(self, tx: Tx, plan: str, limit: int) -> Sequence[Noted]:
        before = sql(tx).rows(_Q["unplanned_before"], plan=plan, limit=limit)
        after = sql(tx).rows(_Q["unplanned_after"], plan=plan, limit=limit)
        return [_noted(row) for row in (*before, *after)]

    def due(self, tx: Tx, limit: int) -> Sequence[Noted]:
        return [_noted(row) for row in sql(tx).rows(_Q["due"], now=to_micros(tx.now), limit=limit)]

    def plan(self, tx: Tx, issue: Issue, plan: str | None, at: datetime | None) -> None:
        sql(tx).change(_Q["plan"], **_key(issue), plan=plan, at=to_micros(at))

    def remind(self, tx: Tx, issue: Issue, reminded: Sequence[str]) -> None:
        now = to_micros(tx.now)
        sql(tx).change(_Q["remind"], **_key(issue), reminded=json.dumps(list(reminded)), now=now)

    def unpublished(self, tx: Tx, limit: int) -> Sequence[Noted]:
        return [_noted(row) for row in sql(tx).rows(_Q["unpublished"], now=to_micros(tx.now), limit=limit)]

    def published(self, tx: Tx, noted: Noted) -> None:
        sql(tx).change(_Q["published"], **_key(noted.issue), changes=noted.changes)

    def put_off(self, tx: Tx, issue: Issue, until: datetime) -> None:
        sql(tx).change(_Q["put_off"], **_key(issue), until=to_micros(until))

    def adopt(self, tx: Tx, noted: Noted) -> None:
        reminded = json.dumps(list(noted.reminded))
        revoked_at = to_micros(noted.revoked_at)
        sql(tx).change(_Q["adopt"], **_key(noted.issue), revoked_at=revoked_at, reminded=reminded)


class SqlPlaces:
    def state(self, tx: Tx, place: str, authority_id: str) -> str:
        row = sql(tx).row(_Q["state_at"], place=place, authority_id=authority_id)
        return str(row["state"]) if row else ""

    def put_state(self, tx: Tx, place: str, authority_id: str, state: str) -> None:
        sql(tx).change(_Q["put_state"], place=place, authority_id=authority_id, state=state)


def _key(issue: Issue) -> dict[str, str]:
    return {"authority_id": issue.authority_id, "serial": format_serial(issue.serial)}


def _noted(row: Row) -> Noted:
    return Noted(
        issue=issue_of(row),
        revoked_at=from_micros(row["revoked_at"]),
        reminded=tuple(json.loads(row["reminded"])),
        changes=row["changes"],
    )
