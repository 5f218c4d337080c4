"""GetAccountConfiguration and PutAccountConfiguration: how early expiry events begin."""

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.managed import limits
from privyseal.managed.model import AccountConfiguration
from privyseal.managed.repositories import ManagedRows
from privyseal.store import Store, Tx

ACTION = "acm:PutAccountConfiguration"
# A certificate lives shorter than that; more days would mean nothing.
MAX_DAYS = 36_500


class Accounts:
    def __init__(self, store: Store, rows: ManagedRows) -> None:
        self._store = store
        self._rows = rows

    def days_before_expiry(self, caller: Caller, region: str) -> int:
        found = self._store.view(lambda tx: self._rows.accounts.find(tx, caller.account, region))
        return found.days_before_expiry if found else limits.DAYS_BEFORE_EXPIRY

    def put(self, caller: Caller, region: str, days: int | None, token: str) -> None:
        """A repeated token within an hour changes nothing: it is the same request for AWS."""
        if days is None:
            raise PrivySealError(ErrorCode.VALIDATION, "Configuration for events is empty.")  # AWS's words
        if days > MAX_DAYS:
            text = f"DaysBeforeExpiry is {days}; at most {MAX_DAYS} are accepted."
            raise PrivySealError(ErrorCode.VALIDATION, text)

        def write(tx: Tx) -> None:
            before = self._rows.accounts.find(tx, caller.account, region)
            if before and before.token == token and tx.now < before.put_at + limits.TOKEN_LIFE:
                return
            made = AccountConfiguration(caller.account, region, days, token, tx.now)
            self._rows.accounts.put(tx, made)
            tx.record(entry(ACTION, caller, "", region=region, days_before_expiry=days))

        self._store.transact(write)
