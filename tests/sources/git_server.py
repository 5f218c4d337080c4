"""A git remote by HTTP that wants a password: dulwich's server behind Basic authentication."""

import base64
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import WSGIRequestHandlerLogger, make_wsgi_chain

USERNAME, PASSWORD = "privyseal", "a-token"
_EXPECTED = f"Basic {base64.b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}"


class _Quiet(WSGIRequestHandlerLogger):
    timeout = (
        60  # seconds: it serves one after another, and a client that says nothing would keep it for ever
    )

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def git_server(repository: Path) -> Iterator[str]:
    """The URL of the repository."""
    repo = Repo(str(repository))
    backends: dict[str, BackendRepo] = {"/": repo}
    serve = make_wsgi_chain(DictBackend(backends))

    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_AUTHORIZATION") == _EXPECTED:
            return serve(environ, start)
        start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
        return [b""]

    server = make_server("127.0.0.1", 0, guarded, WSGIServer, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        repo.close()
