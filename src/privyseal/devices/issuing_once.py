"""Issuing once, with issuers that know no idempotency tokens.

1. An intent is committed: this token, this CSR, this time. Who finds one that is under way waits.
2. The issuer is asked. Its answer is recorded under the intent before anybody gets it.
3. Who finds an intent that nobody works on any more does not ask anew: something may have been
   issued. It looks for that among the issuer's certificates first (`find`), and asks only if there
   is none. What `find` cannot see yet is what remains of the risk: see the issuer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from privyseal.devices import limits
from privyseal.devices.identity_ports import Intent, Intents
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx

# Longer than an issuer's patience with one call: only then it is certain that nobody waits any more.
LEASE = timedelta(seconds=60)
# Intents are kept for as long as a retry may come, and a day for those who look into a mishap.
KEPT = timedelta(days=1)

# Codes that say: nothing was issued, and nothing will be. After any other error it is not known.
_NOTHING_ISSUED = frozenset(
    {ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.FAILED, ErrorCode.ACCESS_DENIED}
)

Create = Callable[[], IssuedDeviceCertificate]
Find = Callable[[datetime], IssuedDeviceCertificate | None]


@dataclass(frozen=True, slots=True)
class _Begun:
    intent: Intent
    is_new: bool


class IssuingOnce:
    """Safe to share between threads; the database decides between processes."""

    def __init__(self, store: Store, intents: Intents) -> None:
        self._store = store
        self._intents = intents

    def issue(self, token: str, csr_digest: bytes, create: Create, find: Find) -> IssuedDeviceCertificate:
        """What `token` has got; else what `find` (given the time since when) finds, or `create` makes.

        Raises FAILED for a token of another CSR, UNAVAILABLE while somebody else is at it.
        """
        begun = self._store.transact(lambda tx: self._begin(tx, token, csr_digest))
        intent = begun.intent
        if intent.issued:
            return intent.issued
        try:
            issued = (None if begun.is_new else find(intent.began_at)) or create()
        except PrivySealError as error:
            nothing = begun.is_new and error.code in _NOTHING_ISSUED
            self._store.transact(lambda tx: self._give_up(tx, intent, nothing_issued=nothing))
            raise
        self._store.transact(lambda tx: self._intents.put(tx, replace(intent, issued=issued)))
        return issued

    def _begin(self, tx: Tx, token: str, csr_digest: bytes) -> _Begun:
        known = self._intents.find(tx, token)
        if known and known.csr_digest != csr_digest:
            raise PrivySealError(ErrorCode.FAILED, "The token belongs to another certificate request.")
        if known and known.issued:
            return _Begun(known, is_new=False)
        if known and tx.now < known.leased_until:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "The certificate is being issued: try again.")
        began_at = known.began_at if known else tx.now
        intent = Intent(token, csr_digest, began_at, tx.now + LEASE)
        self._intents.prune(tx, tx.now - KEPT, limits.CLAIMS_PRUNED)
        self._intents.put(tx, intent)
        return _Begun(intent, is_new=known is None)

    def _give_up(self, tx: Tx, intent: Intent, *, nothing_issued: bool) -> None:
        """Let the next one begin at once; without an intent where there is nothing to look for."""
        if nothing_issued:
            self._intents.drop(tx, intent.token)
        else:
            self._intents.put(tx, replace(intent, leased_until=tx.now))
