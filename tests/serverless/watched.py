"""The certificate function with everything that it does unasked, on the same store and clock."""

import json
from threading import Event
from typing import Any

from privyseal.events.feed import rows_after
from privyseal.events.repositories import Cursor
from privyseal.events.shapes import events_of
from privyseal.events.shapes.model import Place
from privyseal.events.shapes.serverless import SOURCE
from privyseal.names import AuthorityArn
from privyseal.serverless.authorities import Hierarchy, Slugs
from privyseal.serverless.following import Following
from privyseal.serverless.model import Noted
from privyseal.serverless.names import Names
from privyseal.serverless.notice_ports import CertificateTable
from privyseal.serverless.objects import ObjectPublishing
from privyseal.serverless.publishing import TablePublishing
from privyseal.serverless.reminders import Reminders
from privyseal.store import Tx
from privyseal.stores.repositories.journal import SqlJournal
from privyseal.stores.repositories.serverless_notices import SqlNotedIssues, SqlPlaces
from privyseal.stores.sql import sql
from tests.ca.world import CALLER, World
from tests.serverless.world import Function, certificate

Notice = dict[str, Any]
GO_ON = Event()
BUCKET = "ca-external"
CRLS = {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7}}
STAGES = (30, 15, 7, 1)


class Watched(Function):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = world.store
        self.noted = SqlNotedIssues()
        self.names = Names()
        self.hierarchy = Hierarchy(
            world.rows.authorities,
            world.rows.crls,
            lambda _: Slugs((self.names.root, self.root), (self.names.issuing, self.issuing)),
        )
        self._seen: dict[str, int] = {}

    def switch_crls_on(self) -> None:
        for arn in (self.root, self.issuing):
            self.world.ca.authorities.update(CALLER, arn, None, CRLS)

    def make_crls(self) -> None:
        self.world.ca.crls.make_due(GO_ON)

    def follow(self) -> None:
        Following(self.store, SqlJournal(), self.noted).run(GO_ON)

    def remind(self, *stages: int) -> None:
        self.reminders(*stages).say_due(GO_ON)

    def reminders(self, *stages: int) -> Reminders:
        rows = self.world.rows
        return Reminders(
            self.store,
            stages or STAGES,
            noted=self.noted,
            issues=self.issues,
            certificates=rows.certificates,
            authorities=rows.authorities,
        )

    def publishing(self, table: CertificateTable) -> TablePublishing:
        return TablePublishing(
            self.store,
            table,
            noted=self.noted,
            places=SqlPlaces(),
            certificates=self.world.rows.certificates,
            hierarchy=self.hierarchy,
            place="table",
        )

    def objects(self) -> ObjectPublishing:
        return ObjectPublishing(
            self.store,
            SqlPlaces(),
            self.world.rows.crls,
            self.hierarchy,
            self.world.publisher,
            bucket=BUCKET,
            bundle=self.names.bundle,
        )

    def revoke(self, answer: Notice, reason: str = "KEY_COMPROMISE") -> None:
        serial = certificate(answer).serial_number
        self.world.ca.revocation.revoke(CALLER, self.issuing, f"{serial:x}", reason)

    def noted_of(self, answer: Notice) -> Noted:
        serial, authority = certificate(answer).serial_number, AuthorityArn.parse(self.issuing).id
        found = self.store.view(lambda tx: self.noted.find(tx, authority, serial))
        assert found is not None
        return found

    def _cursor(self, tx: Tx) -> Cursor:
        """All writers, whether somebody follows the journal or not."""
        known = {row["writer"]: -1 for row in sql(tx).rows("SELECT DISTINCT writer FROM journal")}
        return known | self._seen

    def notices(self) -> list[tuple[str, Notice]]:
        """(detail-type, detail) of each that has come to be since the last look."""
        rows = self.store.view(lambda tx: rows_after(tx, SqlJournal(), self._cursor(tx), 100_000))
        found = []
        for row in rows:
            self._seen[row.writer] = row.seq
            for index, entry in enumerate(json.loads(row.entries)):
                for event in events_of(entry, Place(row.writer, row.seq, index, row.at), "eu-central-1"):
                    if event.body["source"] == SOURCE:
                        found.append((event.body["detail-type"], event.body["detail"]))
        return found
