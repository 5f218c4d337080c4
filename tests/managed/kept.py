"""Managed certificates on a CA domain of their own, with a clock that tests move."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from privyseal.ca.requests import Issued, IssueRequest
from privyseal.errors import PrivySealError
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.ports import Issue
from privyseal.managed.requesting import RequestCertificate
from privyseal.managed.service import Managed
from privyseal.names import ManagedArn
from privyseal.store import Tx
from privyseal.stores.repositories.managed_rows import MANAGED_ROWS
from privyseal.stores.sql import sql
from privyseal.wrapping import Wrapper
from tests.ca.fakes import KEK
from tests.ca.world import CALLER, REGION, World

PASSPHRASE = b"correct horse"
GRANTED = ("IssueCertificate", "GetCertificate", "ListPermissions")
DAY = timedelta(days=1)


class Kept:
    """One process. Its jobs run when a test says so: `run` does all that is due now."""

    def __init__(self, world: World, **options: Any) -> None:
        self.world = world
        self.clock = world.clock
        self.store = world.store
        self.rows = MANAGED_ROWS
        self.woken: list[str] = []
        self._issue: Issue = options.pop("issue", world.ca.issuance.issue)
        self._between: Callable[[], None] = lambda: None
        self.managed = Managed(
            world.store,
            self.rows,
            world.rows,
            Wrapper(KEK),
            issue=self._issue_and_look_away,
            issuers=world.ca.issuers,
            wake=self.woken.append,
            **options,
        )

    def authority(self, *, granted: bool = True, **changes: Any) -> str:
        """An ACTIVE root, for ten years, with which ACM may renew."""
        arn = self.world.root(**changes)
        if granted:
            self.grant(arn)
        return arn

    def grant(self, arn: str) -> None:
        self.world.ca.permissions.create(CALLER, arn, "acm.amazonaws.com", GRANTED, None)

    def withdraw(self, arn: str) -> None:
        self.world.ca.permissions.delete(CALLER, arn, "acm.amazonaws.com", None)

    def request(self, authority: str | None, domain: str = "www.example.com", **changes: Any) -> str:
        asked: dict[str, Any] = {
            "caller": CALLER,
            "region": REGION,
            "key_algorithm": "EC_prime256v1",
            **changes,
        }
        return str(
            self.managed.requesting.request(
                RequestCertificate(domain=domain, authority_arn=authority, **asked)
            )
        )

    def issued(self, authority: str, domain: str = "www.example.com", **changes: Any) -> str:
        arn = self.request(authority, domain, **changes)
        self.run()
        return arn

    def exported(self, authority: str, domain: str = "www.example.com", **changes: Any) -> str:
        arn = self.issued(authority, domain, **changes)
        self.export(arn)
        return arn

    def export(self, arn: str) -> None:
        self.managed.exporting.export(CALLER, arn, PASSPHRASE)

    def run(self, *names: str) -> None:
        """The jobs of these names, or all, where something is waiting now."""
        jobs = [self.managed.jobs[name] for name in names or self.managed.jobs]
        for work in self.store.view(lambda tx: [run for run, waiting in jobs if waiting(tx)]):
            work(threading.Event())

    def wait(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.run()

    def find(self, arn: str) -> ManagedCertificate | None:
        return self.store.view(lambda tx: self.rows.certificates.find(tx, ManagedArn.parse(arn).id))

    def row(self, arn: str) -> ManagedCertificate:
        found = self.find(arn)
        assert found is not None
        return found

    def row_in(self, tx: Tx, arn: str) -> ManagedCertificate:
        found = self.rows.certificates.find(tx, ManagedArn.parse(arn).id)
        assert found is not None
        return found

    def between(self, act: Callable[[], None]) -> None:
        """Something that somebody else does while the next certificate is being issued."""
        self._between = act

    def _issue_and_look_away(self, requests: Sequence[IssueRequest]) -> Sequence[Issued | PrivySealError]:
        answers = self._issue(requests)
        act, self._between = self._between, lambda: None
        act()
        return answers

    def serials(self, authority: str) -> set[int]:
        """What the authority has issued, but for its own certificate."""
        rows = self.world.ca.reader.page(CALLER, authority, None, 10_000)[0]
        own = self.world.row(authority).serial
        return {each.serial for each in rows if each.serial != own}

    def entries(self, action: str, arn: str | None = None) -> list[Mapping[str, Any]]:
        """The `detail` of each journal entry of an action, oldest first."""
        found = self.journal()
        return [e["detail"] for e in found if e["action"] == action and arn in {None, e["resource"]}]

    def journal(self) -> Iterator[Mapping[str, Any]]:
        rows = self.store.view(
            lambda tx: sql(tx).rows("SELECT entries FROM journal ORDER BY at, writer, seq")
        )
        for row in rows:
            yield from json.loads(row["entries"])

    def close(self) -> None:
        self.managed.close()
