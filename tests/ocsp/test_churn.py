"""Ten thousand questions of all kinds while certificates are revoked: no answer is wrong."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from tests.ocsp import wire
from tests.ocsp.deployment import Deployment, Leaf

QUERIES = 10_000
CERTIFICATES = 120
CLIENTS = 4


@dataclass
class Story:
    """When the revocation of a certificate was asked for and when it was acknowledged, if ever."""

    leaf: Leaf
    asked_at: float = float("inf")
    done_at: float = float("inf")


@dataclass
class Oracle:
    """Judges answers by the interval in which they were given."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, story: Story | None, status: str, began: float, ended: float) -> None:
        if story is None:
            right = {"UNKNOWN"}
        elif began > story.done_at:
            right = {"REVOKED"}
        elif ended < story.asked_at:
            right = {"GOOD"}
        else:
            right = {"GOOD", "REVOKED"}
        with self.lock:
            self.counts[status] += 1
            if status not in right:
                self.wrong.append(f"{status} where {right} would be right")


def test_no_answer_is_wrong_while_certificates_are_revoked(deployment: Deployment) -> None:
    """Both worker processes, POST and GET, kept, stored and fresh, with SHA-1 and SHA-256."""
    stories = [Story(deployment.leaf(f"churn-{n}")) for n in range(CERTIFICATES)]
    oracle = Oracle()
    ended = threading.Event()

    def revoke() -> None:
        chance = random.Random(1)
        for story in chance.sample(stories, CERTIFICATES * 3 // 4):
            if ended.is_set():
                break
            story.asked_at = time.monotonic()
            deployment.revoke(story.leaf, "CESSATION_OF_OPERATION")
            story.done_at = time.monotonic()
            ended.wait(0.05)

    def ask(client: int) -> None:
        chance = random.Random(100 + client)
        for turn in range(QUERIES // CLIENTS):
            if turn % 50 == 0:  # another connection, which may lead to the other process
                connection = wire.connect(deployment.url)
            story = chance.choice(stories) if chance.random() < 0.95 else None
            if story is None:
                asked = wire.request_for(chance.getrandbits(127), deployment.issuer)
            else:
                asked = wire.request(
                    story.leaf.certificate,
                    deployment.issuer,
                    nonce=chance.randbytes(16) if chance.random() < 0.3 else None,
                    algorithm=hashes.SHA256() if chance.random() < 0.3 else hashes.SHA1(),
                )
            began = time.monotonic()
            if chance.random() < 0.5:
                body = wire.get(deployment.url, asked, connection=connection)[2]
            else:
                body = wire.exchange(deployment.url, "POST", asked, {}, connection)[2]
            found = ocsp.load_der_ocsp_response(body)
            oracle.judge(story, found.certificate_status.name, began, time.monotonic())
            assert found.serial_number == ocsp.load_der_ocsp_request(asked).serial_number
            if turn % 50 == 49:
                connection.close()

    revoking = threading.Thread(target=revoke)
    revoking.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(ask, range(CLIENTS)))
    finally:
        ended.set()
        revoking.join()
    assert oracle.wrong == []
    assert oracle.counts.total() == QUERIES
    assert min(oracle.counts[each] for each in ("GOOD", "REVOKED", "UNKNOWN")) > QUERIES // 50, oracle.counts
