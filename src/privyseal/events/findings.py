"""What a verification of the audit trail finds, each at its place."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

MAX_FINDINGS = 1000


class Kind(StrEnum):
    CHANGED = "changed"  # a record is not what was written
    REMOVED = "removed"  # a record is gone, and later ones of its chain are there
    REORDERED = "reordered"  # a record stands where another one stood
    CUT = "cut"  # the end of a chain is gone
    FORGED_CHECKPOINT = "forged-checkpoint"
    MISSING_CHECKPOINT = "missing-checkpoint"
    ANOTHER_KEY = "another-key"  # the database has another key than the one that is trusted


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows `first` to `last` of a chain, or checkpoints `first` to `last` where there is no writer."""

    kind: Kind
    text: str
    writer: str = ""
    first: int = 0
    last: int = 0

    def follows(self, other: "Finding") -> bool:
        """Whether it says the same of what comes next."""
        same = (self.kind, self.text, self.writer) == (other.kind, other.text, other.writer)
        return same and other.first <= self.first <= other.last + 1


@dataclass(slots=True)
class Report:
    """What was verified, what was found, and what no checkpoint protects yet."""

    findings: list[Finding] = field(default_factory=list)
    more: int = 0  # findings beyond the limit
    added: int = 0  # before neighbours were put together
    checkpoints: int = 0
    rows: int = 0
    records: int = 0  # entries of rows that are in checkpoints
    exported: int | None = None  # checkpoints that were compared; None where there was nothing to compare
    last_exported: int = 0
    tail_rows: int = 0
    tail_records: int = 0
    tail_seconds: float = 0.0  # age of the oldest record that no checkpoint has

    @property
    def ok(self) -> bool:
        return not self.findings

    def add(self, finding: Finding) -> None:
        self.added += 1
        last = self.findings[-1] if self.findings else None
        if last and finding.follows(last):
            self.findings[-1] = replace(last, last=max(last.last, finding.last))
        elif len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)
        else:
            self.more += 1
