"""Checkpoints that have left the database, held against those that are in it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.checkpoint import read_exported
from privyseal.events.findings import Finding, Kind, Report
from privyseal.events.ports import Snapshots, Trail
from privyseal.events.verification import genuine
from privyseal.signing import VerifyingKey

# A checkpoint with all the spans that it may have is far below that.
MAX_LINE = 1024 * 1024


class Comparison:
    def __init__(self, store: Snapshots, trail: Trail, key: VerifyingKey, report: Report) -> None:
        self._store = store
        self._trail = trail
        self._key = key
        self._report = report
        self._seen: list[list[int]] = []  # numbers, as ranges: few, as they come nearly in order

    def run(self, lines: Iterable[tuple[str, str]], given: int = 0) -> None:
        """`lines` are (where it was found, one exported checkpoint). Checkpoints up to the number `given`
        are known to have been put there.
        """
        self._report.exported = 0
        for where, line in lines:
            self._compare(where, line)
        ends = [[0, 0], [given + 1, given + 1]] if given else []
        reached: int | None = None
        for first, last in sorted(self._seen + ends):
            if reached is not None and first > reached + 1:
                text = "it was exported and is no longer there"
                self._add(Kind.MISSING_CHECKPOINT, text, reached + 1, first - 1)
            reached = max(reached or 0, last)

    def _compare(self, where: str, line: str) -> None:
        try:
            told, body, signature = read_exported(line)
        except (ValueError, RecursionError):
            self._add(Kind.FORGED_CHECKPOINT, f"{where} is not a checkpoint", 0, 0)
            return
        stored = self._store.view(lambda tx: self._trail.find(tx, told.number))
        same = stored is not None and (stored.body, stored.signature) == (body, signature)
        if not same and not genuine(self._key, told, body, signature):
            text = f"{where} is not signed with the key of this installation"
            self._add(Kind.FORGED_CHECKPOINT, text, told.number, told.number)
            return
        self._saw(told.number)
        if stored is None:
            text = "it was exported and is not in the database"
            self._add(Kind.MISSING_CHECKPOINT, text, told.number, told.number)
        elif stored.body != body:
            text = "the database has another one than was exported"
            self._add(Kind.FORGED_CHECKPOINT, text, told.number, told.number)
        else:
            self._report.exported = (self._report.exported or 0) + 1

    def _saw(self, number: int) -> None:
        self._report.last_exported = max(self._report.last_exported, number)
        for known in reversed(self._seen):
            if known[0] <= number <= known[1] + 1:
                known[1] = max(known[1], number)
                return
        self._seen.append([number, number])

    def _add(self, kind: Kind, text: str, first: int, last: int) -> None:
        self._report.add(Finding(kind, text, first=first, last=last))


def read_lines(place: Path) -> Iterator[tuple[str, str]]:
    """The lines of a file, or of every file in a folder (what sinks make), as (FILE:LINE, text).

    Raises INVALID_ARGUMENT for a line that no checkpoint has.
    """
    for file in sorted(each for each in place.iterdir() if each.is_file()) if place.is_dir() else [place]:
        with file.open(encoding="utf-8", errors="replace") as lines:
            number = 0
            while line := lines.readline(MAX_LINE):
                number += 1
                where = f"{file.name}:{number}"
                if len(line) == MAX_LINE:
                    raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{where} is too long for a checkpoint.")
                if line.strip():
                    yield where, line
