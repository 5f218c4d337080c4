"""The files of one environment as they were at one moment, and how much of them is read.

`certs/<env>/` has tls.json, revoked.json, revoked-root-ca.json and csrs/*.csr; nothing else is looked at.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from privyseal.errors import ErrorCode, PrivySealError

TLS: Final = "tls.json"
REVOKED: Final = "revoked.json"
REVOKED_ROOT: Final = "revoked-root-ca.json"
CSRS: Final = "csrs/"
# Name in the setting `cert-info-files`, which is that of serverless-ca's variable → file
LISTS: Final[Mapping[str, str]] = {"tls": TLS, "revoked": REVOKED, "revoked-root-ca": REVOKED_ROOT}

MAX_LIST: Final = 8 * 1024 * 1024  # bytes of a JSON file
MAX_CSR: Final = 32_768  # bytes: CsrBlob of the acm-pca service model
MAX_FILES: Final = 10_000
MAX_TOTAL: Final = 64 * 1024 * 1024
_NAME = re.compile(r"\A[A-Za-z0-9_@+=,()\[\] -][A-Za-z0-9._@+=,()\[\] -]{0,254}\Z")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are read: names of LISTS, and names or patterns of CSR files."""

    lists: Sequence[str] = tuple(LISTS)
    csrs: Sequence[str] = ("*.csr",)

    def wants(self, path: str) -> bool:
        """`path` is below the folder of the environment."""
        if not path.startswith(CSRS):
            return path in {LISTS[name] for name in self.lists}
        name = path.removeprefix(CSRS)
        return bool(_NAME.match(name)) and any(fnmatchcase(name, pattern) for pattern in self.csrs)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`revision` differs where the files do. `problems` has files that were not read: (path, why)."""

    revision: str
    files: Mapping[str, bytes]
    problems: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class Gathering:
    """What a source has found so far, within the limits."""

    selection: Selection
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    _total: int = 0

    def add(self, path: str, read: Callable[[int], bytes]) -> None:
        """`read` gives the content, or its first bytes, one more than it is asked for at most.

        One file that is too large is left out; too many of them are LIMIT_EXCEEDED.
        """
        if not self.selection.wants(path):
            return
        limit = MAX_CSR if path.startswith(CSRS) else MAX_LIST
        content = read(limit + 1)
        if len(content) > limit:
            self.problems.append((path, f"the file has more than {limit} bytes"))
            return
        self.files[path] = content
        self._total += len(content)
        if len(self.files) > MAX_FILES or self._total > MAX_TOTAL:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"There are more than {MAX_FILES} files, or {MAX_TOTAL} bytes, of entries and CSRs.",
            )

    def skip(self, path: str, why: str) -> None:
        if self.selection.wants(path):
            self.problems.append((path, why))

    def snapshot(self, revision: str = "") -> Snapshot:
        """The revision is a digest of the content where the source has none. NOT_FOUND for nothing."""
        if not any(LISTS[name] in self.files for name in self.selection.lists) and not self.problems:
            names = ", ".join(LISTS[name] for name in self.selection.lists)
            raise PrivySealError(
                ErrorCode.NOT_FOUND,
                f"The folder of this environment has none of the files {names}. Is `env` right, and the "
                "place where the files are?",
            )
        return Snapshot(revision or digest(self.files), self.files, tuple(sorted(self.problems)))


def digest(files: Mapping[str, bytes]) -> str:
    """One number for names and contents."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(hashlib.sha256(path.encode()).digest() + hashlib.sha256(files[path]).digest())
    return whole.hexdigest()
