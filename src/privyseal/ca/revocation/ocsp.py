"""OCSP as front-ends see it: answers from memory at once, others through a lane, and what runs behind.

There is one lane for each authority, so that a slow key never delays another; requests about issuers
that are not at hand share one. Signed answers are stored for other processes a little later, off the
path of any request.
"""

import threading
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from privyseal.ca.background import Background
from privyseal.ca.ports import KeyStore
from privyseal.ca.issuance import Issuance
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.answers import Answer, Answers, Storable, failure
from privyseal.ca.revocation.responders import OpenResponders, ResponderUpkeep, answers_at
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.gather import Lanes
from privyseal.store import Store, Tx
from privyseal.x509.der import DerError
from privyseal.x509.ocsp_request import OcspRequest, parse
from privyseal.x509.ocsp_response import Failure

# Answers in memory, of about 1 KB each, and the longest request that is remembered with one.
MAX_KEPT: Final = 16_384
MAX_KEY: Final = 512
# Answers that wait to be stored; beyond that they are signed again by who needs them.
MAX_UNSTORED: Final = 4_096
STORED_AT_ONCE: Final = 256
THREADS: Final = 4
INTERVAL_S: Final = 1.0

_MALFORMED = failure(Failure.MALFORMED_REQUEST)
_TRY_LATER = failure(Failure.TRY_LATER)


class Ocsp:
    """Made once per process by `ca.service`. `kept` and `answer` are for one event loop."""

    def __init__(
        self, store: Store, rows: Repositories, key_store: KeyStore, issuance: Issuance, clock: Clock
    ) -> None:
        self._store = store
        self._rows = rows
        self._clock = clock
        self._answers = Answers(store, rows, OpenResponders(key_store))
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()
        self._unstored: deque[Storable] = deque(maxlen=MAX_UNSTORED)
        self.upkeep = ResponderUpkeep(store, rows, key_store, issuance)
        self._background = Background("ocsp", self.run_due, INTERVAL_S)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ocsp")
        self._lanes: Lanes[str, OcspRequest, Answer] = Lanes(self._answers.answer, self._threads)

    def start(self) -> None:
        self._background.start()

    def close(self) -> None:
        self._background.close()
        self._threads.shutdown(wait=True)

    def kept(self, key: bytes) -> Answer | None:
        """The answer to the same octets as before, where that is still right."""
        answer = self._kept.get(key)
        if answer is None or answer.generation != self._store.generation():
            return None
        return answer if answer.until is not None and self._clock.now() < answer.until else None

    async def answer(self, key: bytes, asked: bytes) -> Answer:
        """The answer to a request (DER), which is kept under `key`. Never raises."""
        try:
            request = parse(asked)
        except DerError:
            return _MALFORMED
        try:
            answer = await self._lanes.submit(self._answers.authority_of(request), request)
        except PrivySealError as error:
            if error.code in {ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE}:
                return _TRY_LATER
            raise
        if answer.until is not None:
            self._keep(key, answer)
        elif answer.response == _TRY_LATER.response:
            self._background.wake()  # its responder may be missing
        return answer

    def _keep(self, key: bytes, answer: Answer) -> None:
        if answer.stored:
            self._unstored.append(answer.stored)
        if answer.generation is None or len(key) > MAX_KEY:
            return
        self._kept[key] = answer
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def run_due(self, stopping: threading.Event) -> None:
        """What is to be done behind: responders, and answers for other processes."""
        self.upkeep.keep_up(stopping)
        while self._unstored and not stopping.is_set():
            self.store_some()
        self._sweep()

    def store_some(self) -> None:
        """Write answers that are new, those that are still right."""
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

        if batch:
            self._store.transact(write)

    def _sweep(self) -> None: ...
