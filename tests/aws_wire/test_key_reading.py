"""Access keys are read from the database once for all the calls that come while one is read."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from privyseal import sigv4
from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Authenticator, Headers, Pool, Request
from tests.aws_wire.fake import ADMIN, REGION

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLS = 20


class Database:
    """Answers when the test lets it."""

    def __init__(self) -> None:
        self.reads = 0
        self.open = threading.Event()
        self.fails = False

    def read(self, key_id: str) -> AccessKey | None:
        self.reads += 1
        assert self.open.wait(10)
        if self.fails:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "the database is away")
        return ADMIN if key_id == ADMIN.id else None


def signed() -> Request:
    fields = sigv4.sign(
        "POST",
        "http://localhost/",
        {},
        b"",
        access_key_id=ADMIN.id,
        secret_key=ADMIN.secret,
        region=REGION,
        service="acm-pca",
        now=NOW,
    )
    pairs = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    return Request("POST", b"/", b"", Headers(pairs), "127.0.0.1", "request-1")


async def _calls(database: Database) -> list[object]:
    pool = Pool(4, 4)  # fewer places than calls
    authenticator = Authenticator(KeyRing(database.read, FixedClock(NOW)), pool, REGION)
    calls = [
        asyncio.ensure_future(authenticator.authenticate(signed(), "acm-pca", NOW)) for _ in range(CALLS)
    ]
    left = asyncio.ensure_future(authenticator.authenticate(signed(), "acm-pca", NOW))
    await asyncio.sleep(0)
    left.cancel()  # its client has left: nobody else may notice
    database.open.set()
    try:
        return list(await asyncio.gather(*calls, return_exceptions=True))
    finally:
        pool.close()


def test_many_calls_at_once_read_their_key_once() -> None:
    database = Database()
    answers = asyncio.run(_calls(database))
    assert answers == [ADMIN.principal] * CALLS
    assert database.reads == 1


def test_every_call_hears_of_a_database_that_is_away() -> None:
    database = Database()
    database.fails = True
    answers = asyncio.run(_calls(database))
    assert all(isinstance(each, PrivySealError) and each.code is ErrorCode.UNAVAILABLE for each in answers)
    assert database.reads == 1


def test_a_failure_is_not_remembered() -> None:
    database = Database()
    database.open.set()

    async def ask() -> None:
        pool = Pool(4, 4)
        authenticator = Authenticator(KeyRing(database.read, FixedClock(NOW)), pool, REGION)
        database.fails = True
        for _ in range(3):
            with pytest.raises(PrivySealError):
                await authenticator.authenticate(signed(), "acm-pca", NOW)
        database.fails = False
        assert await authenticator.authenticate(signed(), "acm-pca", NOW) == ADMIN.principal
        pool.close()

    asyncio.run(ask())
    assert database.reads == 4
