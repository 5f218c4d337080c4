"""A nats-server of one's own, with JetStream, on a free port."""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
from nats.js.api import StreamConfig

from tests.programs import program
from tests.service import patience

STREAM, SUBJECT = "certificates", "certificates.events"
START_SECONDS = 20


class NatsServer:
    def __init__(self, port: int, **login: Any) -> None:
        self.port = port
        self.url = f"nats://127.0.0.1:{port}"
        self._login = login

    def make_stream(self) -> None:
        self._ask(lambda js: js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECT])))

    def messages(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        """Events and headers, in the order of the stream."""

        async def read(js: Any) -> list[tuple[dict[str, Any], dict[str, str]]]:
            state = (await js.stream_info(STREAM)).state
            found = [await js.get_msg(STREAM, seq) for seq in range(1, state.last_seq + 1)]
            return [(json.loads(each.data), dict(each.headers or {})) for each in found]

        found: list[tuple[dict[str, Any], dict[str, str]]] = self._ask(read)
        return found

    def _ask(self, question: Any) -> Any:
        async def ask() -> Any:
            connection = await nats.connect(self.url, **self._login)
            try:
                return await question(connection.jetstream())
            finally:
                await connection.close()

        return asyncio.run(asyncio.wait_for(ask(), patience(START_SECONDS)))


@contextmanager
def nats_server(folder: Path, options: Sequence[str] = (), **login: Any) -> Iterator[NatsServer]:
    """`login` is what this side connects with."""
    ports = folder / "ports"
    ports.mkdir()
    command = [program("nats-server"), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", str(folder / "store")]
    command += ["--ports_file_dir", str(ports), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = NatsServer(_port(ports, process), **login)
        server.make_stream()
        yield server
    finally:
        process.kill()
        process.wait()


def _port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + patience(START_SECONDS)
    while time.monotonic() < until:
        for file in folder.iterdir():
            if text := file.read_text():
                return int(json.loads(text)["nats"][0].rpartition(":")[2])
        assert process.poll() is None, "nats-server has ended"
        time.sleep(0.02)
    raise AssertionError("nats-server did not say its port")
