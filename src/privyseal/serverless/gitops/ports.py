"""What GitOps needs of the outside: where the files are, and where its runs are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from privyseal.serverless.gitops.model import Run, StepRow
from privyseal.serverless.gitops.plan import Action
from privyseal.serverless.gitops.snapshot import Snapshot
from privyseal.store import Tx


class Source(Protocol):
    """The folder of one environment, wherever it is. Blocks.

    Raises UNAVAILABLE where it cannot be reached now, NOT_FOUND where nothing is there, INVALID_STATE where
    what is there must not be trusted, LIMIT_EXCEEDED where it is too much.
    """

    def revision(self) -> str:
        """That of `snapshot` now, at less cost where the source can tell."""
        ...

    def snapshot(self) -> Snapshot: ...


class Runs(Protocol):
    def insert(self, tx: Tx, run: Run) -> None:
        """Raises UniqueError where the account has a run of that name."""
        ...

    def find(self, tx: Tx, account: str, run_id: str) -> Run | None: ...

    def named(self, tx: Tx, account: str, name: str) -> Run | None: ...

    def unfinished(self, tx: Tx) -> Run | None:
        """The oldest one, whether it is due or not: there is one at a time."""
        ...

    def any_due(self, tx: Tx) -> bool: ...

    def update(self, tx: Tx, run: Run) -> None: ...

    def page(self, tx: Tx, account: str, before: tuple[datetime, str] | None, limit: int) -> Sequence[Run]:
        """The newest first; those before a (created_at, id)."""
        ...

    def put_steps(self, tx: Tx, run_id: str, steps: Sequence[StepRow]) -> None: ...

    def finish_step(self, tx: Tx, run_id: str, row: StepRow) -> None:
        """Its outcome, for the first time: the first one stays."""
        ...

    def steps(self, tx: Tx, run_id: str, after: int, limit: int) -> Sequence[StepRow]:
        """In order, those after a position."""
        ...

    def open_steps(self, tx: Tx, run_id: str, limit: int) -> Sequence[StepRow]:
        """In order, those without an outcome."""
        ...

    def counts(self, tx: Tx, run_id: str) -> tuple[Mapping[Action, int], Mapping[Action, int]]:
        """How many steps are planned, and how many have each outcome."""
        ...

    def forget_steps(self, tx: Tx, account: str, keep: int) -> None:
        """Those of finished runs but the newest, so that history does not grow with every entry of every
        run.
        """
        ...


class CurrentFiles(Protocol):
    """The snapshot that was taken last, in the database."""

    def replace(self, tx: Tx, account: str, snapshot: Snapshot) -> None: ...

    def replace_entries(self, tx: Tx, account: str, entries: Sequence[tuple[str, str, str]]) -> None:
        """(common name, organization, organizational unit) of each entry of tls.json."""
        ...

    def find(self, tx: Tx, account: str, path: str) -> bytes | None: ...

    def matches(
        self, tx: Tx, account: str, common_name: str, organization: str, organizational_unit: str
    ) -> bool:
        """Whether an entry has this common name, and the other two where both have them."""
        ...
