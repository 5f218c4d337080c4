"""GitOps on a real store: a folder in memory, and a process that can die at any commit."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from privyseal.serverless.files import SnapshotEntries, SnapshotFiles
from privyseal.serverless.gitops.applying import Applying
from privyseal.serverless.gitops.applying import Rows as RunRows
from privyseal.serverless.gitops.model import Progress, StepRow
from privyseal.serverless.gitops.ordering import Ordering
from privyseal.serverless.gitops.plan import Plan
from privyseal.serverless.gitops.planning import Planning
from privyseal.serverless.gitops.revoking import Authorities, Revocations
from privyseal.serverless.gitops.snapshot import Gathering, Selection, Snapshot
from privyseal.serverless.tls_certificate import STRICT, Rows, TlsCertificates
from privyseal.stores.repositories.gitops import SqlCurrentFiles, SqlRuns
from privyseal.stores.repositories.serverless import SqlKeyClaims
from tests.ca.world import ACCOUNT, CALLER
from tests.serverless.world import ADMIN, Function, csr

BUCKET = "csr-bucket"


class Checkout:
    """Implements `serverless.gitops.ports.Source` over files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.errors: list[Exception] = []  # raised one by one

    def revision(self) -> str:
        return self.snapshot().revision

    def snapshot(self) -> Snapshot:
        if self.errors:
            raise self.errors.pop(0)
        gathering = Gathering(Selection())
        for path, content in self.files.items():
            gathering.add(path, lambda _, content=content: content)  # type: ignore[misc]
        return gathering.snapshot()

    def put(self, path: str, entries: Any) -> None:
        self.files[path] = json.dumps(entries).encode()


class Pulling:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.checkout = Checkout()
        world = function.world
        store, ca = world.store, world.ca
        current = SqlCurrentFiles()
        self.certificates = TlsCertificates(
            store,
            Rows(world.rows.certificates, function.issues, SqlKeyClaims()),
            lambda: function.terms,
            describe=ca.authorities.describe,
            certificate=ca.certification.certificate,
            issue=ca.issue_now,
            check=ca.issuance.check,
            files=SnapshotFiles(store, current, ACCOUNT, BUCKET),
            known=SnapshotEntries(current, ACCOUNT),
        )
        authorities = Authorities(function.issuing, function.root, "serverless-issuing-ca-dev")
        revocations = Revocations(
            store, world.rows.certificates, lambda: authorities, ca.named_revoking.revoke
        )
        planning = Planning(
            store,
            world.rows.certificates,
            function.issues,
            function=self.certificates,
            revocations=revocations,
            bucket=BUCKET,
            strict=lambda: function.terms.key_reuse == STRICT,
        )
        self.runs = SqlRuns()
        self.woken = 0
        self.ordering = Ordering(
            store, self.runs, self.checkout, planning=planning, selection=Selection(), wake=self._wake
        )
        self.applying = Applying(
            store,
            RunRows(self.runs, current, function.issues),
            self.checkout,
            planning=planning,
            function=self.certificates,
            revocations=revocations,
        )

    def _wake(self) -> None:
        self.woken += 1

    def write(self, entries: Sequence[Any], csrs: Mapping[str, bytes], **lists: Any) -> None:
        """The folder has these files and no others; `revoked` and `revoked_root_ca` are lists."""
        self.checkout.files = {f"csrs/{name}": content for name, content in csrs.items()}
        self.checkout.put("tls.json", entries)
        for name, entries_of in lists.items():
            self.checkout.put(f"{name.replace('_', '-')}.json", entries_of)

    def plan(self) -> Plan:
        return self.ordering.plan(ADMIN)

    def start(self, name: str = "") -> str:
        return self.ordering.start(ADMIN, name).id

    def work(self) -> None:
        self.applying.work(threading.Event())

    def apply(self) -> tuple[Progress, Sequence[StepRow]]:
        run_id = self.start()
        self.work()
        return self.shown(run_id)

    def shown(self, run_id: str) -> tuple[Progress, Sequence[StepRow]]:
        return self.ordering.show(CALLER, run_id), self.ordering.steps(CALLER, run_id, -1, 100_000)

    def issued(self) -> int:
        return self.function.world.stored(self.function.issuing)


def entry(name: str, file: str | None = None, **more: Any) -> dict[str, Any]:
    return {"common_name": name, "csr_file": file or f"{name}.csr", **more}


def folder(*names: str) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Entries and CSRs of these common names."""
    return [entry(name) for name in names], {f"{name}.csr": csr(name) for name in names}
