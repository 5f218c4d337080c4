"""OCSP as front-ends see it: requests go through a lane, and what they need is kept up behind.

There is one lane for each authority, so that a slow key never delays another; requests about issuers
that are not at hand share one. Signed answers are stored for other processes a little later, off the
path of any request: they wait in the memory of their process, so each process has a thread for that.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from privyseal.ca.background import Background
from privyseal.ca.issuance import Issuance
from privyseal.ca.ports import KeyStore
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.answers import Answer, Answers, Storable, failure
from privyseal.ca.revocation.responders import OpenResponders, ResponderUpkeep
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.gather import Lanes
from privyseal.store import Store, Tx
from privyseal.x509.der import DerError
from privyseal.x509.ocsp_request import OcspRequest, parse
from privyseal.x509.ocsp_response import Failure

# Answers that wait to be stored; beyond that, they are signed again by who needs them.
MAX_UNSTORED: Final = 4_096
STORED_AT_ONCE: Final = 256
# Stored answers that have expired are removed, this many at once.
REMOVED_AT_ONCE: Final = 1_000
THREADS: Final = 4
INTERVAL_S: Final = 1.0

_PASSING = frozenset({ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE})
MALFORMED = failure(Failure.MALFORMED_REQUEST)
TRY_LATER = failure(Failure.TRY_LATER)
INTERNAL_ERROR = failure(Failure.INTERNAL_ERROR)


class Ocsp:
    """Made once per process by `ca.service`."""

    def __init__(
        self,
        store: Store,
        rows: Repositories,
        key_store: KeyStore,
        issuance: Issuance,
        wake_upkeep: Callable[[], None],
    ) -> None:
        """`wake_upkeep` tells that a responder is missing."""
        self._store = store
        self._rows = rows
        self.answers = Answers(store, rows, OpenResponders(key_store))
        self._unstored: deque[Storable] = deque(maxlen=MAX_UNSTORED)
        self.upkeep = ResponderUpkeep(store, rows, key_store, issuance)
        self._wake_upkeep = wake_upkeep
        self._storing = Background("ocsp answers", self.store_answers, INTERVAL_S)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ocsp")
        self._lanes: Lanes[str, OcspRequest, Answer] = Lanes(self.answers.answer, self._threads)

    def start(self) -> None:
        self._storing.start()

    def close(self) -> None:
        self._storing.close()
        self._threads.shutdown(wait=True)

    def is_right(self, answer: Answer, now: datetime) -> bool:
        """Whether an earlier answer may be given again."""
        generation = answer.generation
        return (
            generation is not None
            and generation == self._store.generation()
            and answer.until is not None
            and answer.this_update is not None
            and answer.this_update <= now < answer.until  # a clock may be set back
        )

    async def answer(self, asked: bytes) -> Answer:
        """The answer to a request (DER), whatever it is."""
        try:
            request = parse(asked)
        except DerError:
            return MALFORMED
        try:
            answer = await self._lanes.submit(self.answers.authority_of(request), request)
        except PrivySealError as error:
            if error.code not in _PASSING:
                raise
            return TRY_LATER
        if answer.stored:
            self._unstored.append(answer.stored)
        elif answer.response == TRY_LATER.response:
            self._wake_upkeep()  # its responder may not have been made yet
        return answer

    def store_answers(self, stopping: threading.Event) -> None:
        """Give other processes what this one has signed."""
        while self._unstored and not stopping.is_set():
            self._store_some()

    def sweeping_waits(self, tx: Tx) -> bool:
        return self._rows.ocsp_answers.any_expired(tx)

    def sweep(self, stopping: threading.Event) -> None:
        """Remove the answers that have expired."""
        removed = REMOVED_AT_ONCE
        while removed >= REMOVED_AT_ONCE and not stopping.is_set():
            removed = self._store.transact(
                lambda tx: self._rows.ocsp_answers.remove_expired(tx, REMOVED_AT_ONCE)
            )

    def _store_some(self) -> None:
        """Write new answers, those that are still right: see `answers.py`."""
        batch = [self._unstored.popleft() for _ in range(min(len(self._unstored), STORED_AT_ONCE))]

        def write(tx: Tx) -> None:
            statuses = self._rows.ocsp_answers.statuses(tx, {each.answer.serial for each in batch})
            right = [
                each.answer
                for each in batch
                if statuses.get((each.answer.authority_id, each.answer.serial)) == each.status
                and tx.now < each.answer.expires_at
            ]
            self._rows.ocsp_answers.put_many(tx, right)

        self._store.transact(write)
