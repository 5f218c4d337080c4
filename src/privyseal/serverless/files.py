"""The files of GitOps as the last run has read them: what `csr_file` names, and whose notices are sent."""

from collections.abc import Mapping

from privyseal.serverless.gitops.ports import CurrentFiles
from privyseal.serverless.gitops.snapshot import CSRS
from privyseal.store import Store, Tx


class SnapshotFiles:
    """Implements `ports.CsrFiles` over the last snapshot."""

    def __init__(self, store: Store, current: CurrentFiles, account: str, bucket: str) -> None:
        self._store = store
        self._current = current
        self._account = account
        self.bucket = bucket

    def read(self, name: str) -> bytes | None:
        return self._store.view(lambda tx: self._current.find(tx, self._account, CSRS + name))


class GivenFiles:
    """Implements `ports.CsrFiles` over files that are at hand."""

    def __init__(self, files: Mapping[str, bytes], bucket: str) -> None:
        self._files = files
        self.bucket = bucket

    def read(self, name: str) -> bytes | None:
        return self._files.get(CSRS + name)


class SnapshotEntries:
    """Implements `ports.KnownSubjects` over the last snapshot."""

    def __init__(self, current: CurrentFiles, account: str) -> None:
        self._current = current
        self._account = account

    def matches(self, tx: Tx, common_name: str, organization: str, organizational_unit: str) -> bool:
        return self._current.matches(tx, self._account, common_name, organization, organizational_unit)
