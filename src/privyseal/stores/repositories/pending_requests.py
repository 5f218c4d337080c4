"""`ca.ports.PendingRequests` in SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.ca.requests import IssueRequest, PendingRequest
from privyseal.caller import Caller
from privyseal.names import format_serial
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros
from privyseal.value import changed, members

_Q = queries("pending_request")
# CSRs are PEM, yet a caller may send any octets around the block: this keeps each as it is.
_OCTETS = "latin-1"


class SqlPendingRequests:
    def insert(self, tx: Tx, pending: PendingRequest) -> None:
        sql(tx).change(
            _Q["insert"],
            **_key(pending),
            request=_to_json(pending.request),
            token=pending.request.token,
            request_digest=pending.request.digest(),
            requested_at=to_micros(pending.requested_at),
            due_at=to_micros(pending.due_at),
        )

    def find_many(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], PendingRequest]:
        rows = sql(tx).rows(_Q["by_serials"], serials=[format_serial(serial) for _, serial in keys])
        found = {(each.authority_id, each.serial): each for each in map(_pending, rows)}
        return {key: found[key] for key in keys if key in found}

    def by_token(self, tx: Tx, authority_id: str, token: str) -> PendingRequest | None:
        row = sql(tx).row(_Q["by_token"], authority_id=authority_id, token=token)
        return _pending(row) if row else None

    def forget_token(self, tx: Tx, pending: PendingRequest) -> None:
        sql(tx).change(_Q["forget_token"], **_key(pending))

    def any_due(self, tx: Tx) -> bool:
        return bool(sql(tx).rows(_Q["any_due"], now=to_micros(tx.now)))

    def claim(self, tx: Tx, until: datetime, limit: int) -> Sequence[PendingRequest]:
        found = [_pending(row) for row in sql(tx).rows(_Q["due"], now=to_micros(tx.now), limit=limit)]
        for pending in found:
            sql(tx).change(_Q["lease"], **_key(pending), until=to_micros(until))
        return found

    def remove(self, tx: Tx, pending: PendingRequest) -> None:
        sql(tx).change(_Q["remove"], **_key(pending))

    def fail(self, tx: Tx, pending: PendingRequest, failure: str) -> None:
        sql(tx).change(_Q["fail"], **_key(pending), failure=failure)


def _key(pending: PendingRequest) -> dict[str, Any]:
    return {"authority_id": pending.authority_id, "serial": format_serial(pending.serial)}


def _to_json(request: IssueRequest) -> str:
    apart = {"caller": members(request.caller), "csr": request.csr.decode(_OCTETS)}
    return json.dumps(members(request) | apart)


def _from_json(text: str) -> IssueRequest:
    told = json.loads(text)
    told["caller"] = Caller(**told["caller"])
    told["csr"] = told["csr"].encode(_OCTETS)
    told["validity"] = tuple(told["validity"])
    told["not_before"] = tuple(told["not_before"]) if told["not_before"] else None
    return IssueRequest(**told)


def _pending(row: Row) -> PendingRequest:
    return PendingRequest(
        authority_id=row["authority_id"],
        serial=int(row["serial"], 16),
        request=changed(_from_json(row["request"]), token=row["token"]),  # it may have been freed
        requested_at=time_of(row["requested_at"]),
        due_at=time_of(row["due_at"]),
        failure=row["failure"],
    )
