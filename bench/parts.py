"""Where the cost of a certificate is: HTTP without sockets, and issuing without HTTP, each by itself.

HTTP is everything from the octets of a signed call to those of its answer, through uvicorn's protocol,
SigV4, JSON and constraints, with somebody in the place of issuing who answers in the next turn of the
event loop; 64 connections at a time. Issuing is a batch of 64 requests, from their CSRs to the durable
commit. What `bench.issue` finds on top of both is sockets, threads that wait for each other, and caches
that one part takes from the other. The least of all rounds is what the code costs; the median is what the
machine made of it.
"""

import argparse
import asyncio
import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from bench import floor, requests
from privyseal import wiring
from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.ca.requests import IssueRequest
from privyseal.caller import Caller
from privyseal.client.connection import Environment
from privyseal.clock import SystemClock
from privyseal.errors import PrivySealError
from privyseal.frontends.aws import acm_pca
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.http import App, Authenticator, Pool
from privyseal.frontends.http.connection import Connection
from privyseal.hosting.data_directory import DataDirectory
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.observability import metrics
from privyseal.settings import Settings
from tests.service import Service

BATCH = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """CPU microseconds for each certificate."""

    name: str
    least: float
    median: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="of 64 certificates, for each part [100]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    least = floor.measure()
    parts = list(_measure(asked.rounds))
    if asked.output == "json":
        told = {"floor_us": dataclasses.asdict(least), "parts": [*map(dataclasses.asdict, parts)]}
        print(json.dumps(told, indent=2))
        return
    print("µs CPU of a certificate, in batches of 64    least  median")
    for part in parts:
        print(f"  {part.name:42} {part.least:6.1f} {part.median:7.1f}")
    together = least.openssl_sign + least.openssl_verify
    print(f"Of issuing, one P-256 verification and one signature (openssl speed): {together:.1f}")
    print(f"This build of Python: {least.python_loop:.0f} µs for a thousand turns of a small loop.")


def _measure(rounds: int) -> Iterator[Part]:
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data").start()
        environment = service.environment
        assert service.stop() == 0
        asked = requests.csrs("part", rounds * BATCH)
        with metrics.folder(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield _part("HTTP, without sockets", runner.run(_http(environment, asked)))
        yield _part("issuing, with its commit", list(_issuing(service.data_dir, environment, asked)))


def _part(name: str, seconds: Sequence[float]) -> Part:
    costs = [each / BATCH * 1e6 for each in seconds]
    return Part(name, min(costs), statistics.median(costs))


async def _http(environment: Environment, asked: Sequence[bytes]) -> list[float]:
    app = _app(environment)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        log_level="warning",
    )
    config.load()
    calls = requests.issues(environment, asked)
    loop, found = asyncio.get_running_loop(), list[float]()
    wires = [_Wire() for _ in range(BATCH)]
    connections = [Connection(config, ServerState(), {}, loop) for _ in wires]
    for connection, wire in zip(connections, wires, strict=True):
        connection.connection_made(wire)
    for start in range(0, len(calls), BATCH):
        answered = asyncio.Semaphore(0)
        for wire in wires:
            wire.told = answered.release
        began = time.thread_time()
        for connection, call in zip(connections, calls[start : start + BATCH], strict=True):
            connection.data_received(call)
        for _ in wires:
            await answered.acquire()
        found.append(time.thread_time() - began)
        assert all(wire.last.startswith(b"HTTP/1.1 200") for wire in wires)
    for connection in connections:
        connection.connection_lost(None)
    return found


class _Wire(asyncio.Transport):
    """Keeps the last answer and tells that it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.last = b""
        self.told: Callable[[], None] = lambda: None

    def write(self, data: Any) -> None:
        self.last = bytes(data)
        self.told()

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _Issuing:
    """In the place of `CertificateAuthorities`."""

    def __init__(self, arn: str) -> None:
        self._authority = AuthorityArn.parse(arn)

    async def issue(self, _: IssueRequest) -> CertificateArn:
        await asyncio.sleep(0)
        return CertificateArn(self._authority, 1)

    def __getattr__(self, name: str) -> None:
        """Nobody asks for anything else of it."""


def _app(environment: Environment) -> App:
    assert environment.issuing_ca_arn
    account = AuthorityArn.parse(environment.issuing_ca_arn).account
    key = AccessKey(
        environment.access_key_id,
        environment.secret_access_key,
        account,
        f"arn:aws:iam::{account}:user/admin",
        admin=True,
    )
    clock, pool = SystemClock(), Pool(1, 1)
    services = [acm_pca.service(_Issuing(environment.issuing_ca_arn), pool)]  # type: ignore[arg-type]
    keys = KeyRing(lambda key_id: key if key_id == key.id else None, clock)
    front = AwsFrontend(services, Authenticator(keys, pool, environment.region), clock, environment.region)
    return App(front.routes(), metrics.PrometheusMeter(), otherwise=front)


def _issuing(data_dir: Path, environment: Environment, asked: Sequence[bytes]) -> Iterator[float]:
    arn = environment.issuing_ca_arn
    assert arn
    caller = Caller("arn:aws:iam::000000000000:user/bench", AuthorityArn.parse(arn).account, "bench")
    with wiring.offline(DataDirectory(data_dir), Settings()) as parts:
        for start in range(0, len(asked), BATCH):
            batch = [
                IssueRequest(caller, arn, csr, "SHA256WITHECDSA", ("DAYS", 30))
                for csr in asked[start : start + BATCH]
            ]
            began = time.thread_time()
            answers = parts.authorities.issuance.issue(batch)
            yield time.thread_time() - began
            assert not any(isinstance(each, PrivySealError) for each in answers)


if __name__ == "__main__":
    main()
