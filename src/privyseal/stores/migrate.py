"""Numbered migrations: plain SQL files, applied in order, each once, each recorded with its hash."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from privyseal.errors import ErrorCode, PrivySealError

_FILE = re.compile(r"\A(\d{4})_\w+\.sql\Z")

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    number     BIGINT NOT NULL PRIMARY KEY,
    sha256     TEXT   NOT NULL,
    applied_at BIGINT NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    statements: tuple[str, ...]
    sha256: str


def migrations(dialect: str) -> Sequence[Migration]:
    """Every migration of a dialect, in order. A gap in the numbers is a defect of the package."""
    folder = files("privyseal.stores").joinpath("migrations", dialect)
    found = sorted((each.name, each.read_text()) for each in folder.iterdir())
    result = []
    for name, text in found:
        if match := _FILE.match(name):
            digest = hashlib.sha256(text.encode()).hexdigest()
            result.append(Migration(int(match[1]), tuple(_statements(text)), digest))
    if [each.number for each in result] != list(range(1, len(result) + 1)):
        raise PrivySealError(ErrorCode.INTERNAL, f"The migrations of {dialect} are not numbered 1, 2, 3 …")
    return result


def pending(known: Sequence[Migration], applied: Sequence[tuple[int, str]]) -> Sequence[Migration]:
    """What is still to be applied. Refuses a database of a newer release or with an edited history."""
    by_number = {each.number: each.sha256 for each in known}
    for number, sha256 in applied:
        if number not in by_number:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE,
                f"The database has migration {number}, which this release does not know: run a newer release",
            )
        if by_number[number] != sha256:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"Migration {number} of the database differs from this release's"
            )
    done = {number for number, _ in applied}
    return [each for each in known if each.number not in done]


def _statements(text: str) -> list[str]:
    """Split at semicolons; comments go first, so that one in a comment does not count."""
    bare = re.sub(r"--[^\n]*", "", text)
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
