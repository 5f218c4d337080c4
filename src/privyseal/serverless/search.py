"""Certificates by their common name: what serverless-ca's users ask its table for, from our own store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from privyseal.ca.model import Certificate
from privyseal.ca.ports import Certificates
from privyseal.caller import Caller
from privyseal.serverless.model import Issue
from privyseal.serverless.ports import Issues
from privyseal.store import Store, Tx

Position = tuple[datetime, int]  # issued_at and serial of the last one of a page


@dataclass(frozen=True, slots=True)
class Found:
    issue: Issue
    certificate: Certificate


class Search:
    def __init__(self, store: Store, issues: Issues, certificates: Certificates) -> None:
        self._store = store
        self._issues = issues
        self._certificates = certificates

    def named(
        self, caller: Caller, common_name: str, after: Position | None, limit: int
    ) -> tuple[Sequence[Found], Position | None]:
        """Those of one common name, the newest first, and where the page ends, None at the end of all."""

        def read(tx: Tx) -> list[Found]:
            issues = self._issues.named(tx, caller.account, common_name, after, limit + 1)
            rows = self._certificates.find_many(tx, [(i.authority_id, i.serial) for i in issues])
            return [Found(each, rows[each.authority_id, each.serial]) for each in issues]

        found = self._store.view(read)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1].issue
        return found[:limit], (last.issued_at, last.serial)
