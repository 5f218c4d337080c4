"""The floor of everything that speaks HTTP here: uvicorn, as the product runs it, around an application
that gives everybody the same answer. `python -m bench.bare SIZE` prints its port.
"""

import asyncio
import socket
import sys
from typing import Any

import uvicorn


class Bare:
    def __init__(self, size: int) -> None:
        length = str(size).encode()
        headers = [(b"content-type", b"application/ocsp-response"), (b"content-length", length)]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": bytes(size)}

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send(self._start)
            await send(self._body)


def main() -> None:
    config = uvicorn.Config(
        Bare(int(sys.argv[1])),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    with socket.create_server(("127.0.0.1", 0)) as bound:
        print(bound.getsockname()[1], flush=True)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(uvicorn.Server(config).serve(sockets=[bound]))


if __name__ == "__main__":
    main()
