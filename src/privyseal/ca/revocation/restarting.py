"""The way out after a clock that was far ahead: CRLs begin again at the present.

Their times never go back by themselves. An operator who has set the clock right says that they may, once.
"""

from collections.abc import Callable

from privyseal.ca.lookup import find_authority
from privyseal.ca.repositories import Repositories
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

ACTION = "privyseal:RestartCrls"


class CrlRestarting:
    def __init__(self, store: Store, rows: Repositories, wake: Callable[[], None]) -> None:
        """`wake` tells who makes CRLs that some are due."""
        self._store = store
        self._rows = rows
        self._wake = wake

    def restart(self, caller: Caller, arn: str) -> int:
        """Make the CRLs of an authority anew with the present time; how many. Numbers go on.

        Raises INVALID_STATE where it has none.
        """

        def write(tx: Tx) -> int:
            authority = find_authority(tx, self._rows.authorities, caller, arn)
            count = self._rows.crls.restart(tx, authority.arn.id)
            if not count:
                raise PrivySealError(ErrorCode.INVALID_STATE, f"{authority.arn} makes no CRLs.")
            tx.record(entry(ACTION, caller, str(authority.arn), crls=count))
            return count

        count = self._store.transact(write)
        self._wake()
        return count
