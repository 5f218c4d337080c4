"""The journal is read for revocations, whoever has made them: those who watch the CA are told, and the
table is to say so.

How far it has been read is in the commit of what came of it: nothing is told twice, and nothing is lost.
"""

import json
from collections.abc import Sequence
from threading import Event
from typing import Final

from privyseal.ca.revocation.revoking import ACTION
from privyseal.caller import Caller
from privyseal.errors import PrivySealError
from privyseal.events.feed import Journal, rows_after
from privyseal.events.journal import JournalRow
from privyseal.names import CertificateArn
from privyseal.serverless import notices
from privyseal.serverless.notice_ports import NotedIssues
from privyseal.store import Entry, Store, Tx

_ROWS: Final = 1000  # of the journal in one commit
_MENTIONED: Final = f'"action":"{ACTION}"'  # as canonical JSON has it


class Following:
    """One process at a time runs it."""

    def __init__(self, store: Store, journal: Journal, noted: NotedIssues) -> None:
        self._store = store
        self._journal = journal
        self._noted = noted

    def waiting(self, tx: Tx) -> bool:
        return bool(self._noted.moved(tx))

    def run(self, stopping: Event) -> None:
        """Read all that there is."""
        while not stopping.is_set() and (rows := self._store.view(self._read)):
            self._store.transact(lambda tx, rows=rows: self._write(tx, rows))  # type: ignore[misc]

    def _read(self, tx: Tx) -> Sequence[JournalRow]:
        return rows_after(tx, self._journal, self._noted.moved(tx), _ROWS)

    def _write(self, tx: Tx, rows: Sequence[JournalRow]) -> None:
        for row in rows:
            if _MENTIONED in row.entries:
                for each in json.loads(row.entries):
                    self._follow(tx, each, row)
        self._noted.put_cursor(tx, {row.writer: row.seq for row in rows})

    def _follow(self, tx: Tx, made: Entry, row: JournalRow) -> None:
        if made["action"] != ACTION or made["detail"].get("result"):  # one that was refused has a result
            return
        try:
            arn = CertificateArn.parse(made["resource"])
        except PrivySealError:
            return
        noted = self._noted.find(tx, arn.authority.id, arn.serial)
        if noted and self._noted.revoke(tx, noted.issue, row.at):
            caller = Caller(made["principal"], made["account"], made["request_id"])
            tx.record(notices.revoked(caller, arn.authority, noted.issue, row.at))
