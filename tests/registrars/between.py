"""A proxy in front of moto: it records the calls that pass, by AWS's service model, and fails on request."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import Request, urlopen

import botocore.session

from tests.http_server import serving


@dataclass(frozen=True)
class Call:
    region: str
    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class _Route:
    operation: str
    method: str
    pattern: re.Pattern[str]
    query: Mapping[str, str]  # in the URL → member
    headers: Mapping[str, str]


# What happens to a call: "pass"; "refuse" (it does not arrive) or "lose" (it arrives, its answer does
# not), both answered by an error that nobody repeats; "drop" (it does not arrive) or "cut" (it arrives),
# after both of which the connection ends.
Verdict = Callable[[int, Call], str]


def _pass(_number: int, _call: Call) -> str:
    return "pass"


class Between:
    """`verdict` is asked about each call, with its number from 0; `calls` is what came."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.calls: list[Call] = []
        self.replies: list[bytes] = []
        self.verdict: Verdict = _pass
        self.lock = threading.Lock()

    def fail_at(self, number: int, how: str) -> None:
        """Of the calls from now on the one with that number fails, once."""
        wanted = len(self.calls) + number

        def once(at: int, _call: Call) -> str:
            if at != wanted:
                return "pass"
            self.verdict = _pass
            return how

        self.verdict = once

    def answers(self, member: str) -> list[Any]:
        """What has been answered under that name, by whichever call."""
        found = [json.loads(reply or b"{}") for reply in self.replies]
        return [reply[member] for reply in found if member in reply]

    def take(self) -> list[Call]:
        """What came since the last look."""
        taken, self.calls = self.calls, []
        return taken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Between

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = read_call(self.command, self.path, headers, body)
        with self.state.lock:
            number = len(self.state.calls)
            self.state.calls.append(call)
        verdict = self.state.verdict(number, call)
        status, answer = (0, b"") if verdict in {"refuse", "drop"} else self._forward(headers, body)
        self.state.replies.append(answer)
        if verdict in {"cut", "drop"}:
            self.close_connection = True
            return
        if verdict != "pass":
            status, answer = 403, json.dumps({"message": "as the test wants it"}).encode()
        self.send_response(status)
        if verdict != "pass":
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        elif status >= 400:
            self.send_header("x-amzn-ErrorType", self._error)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server has them

    def _forward(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        kept = {name: value for name, value in headers.items() if name not in {"host", "connection"}}
        request = Request(self.state.target + self.path, body or None, kept, method=self.command)
        try:
            with urlopen(request, timeout=20) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            self._error = error.headers.get("x-amzn-errortype") or ""
            return error.code, error.read()


def read_call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    scope = re.search(r"Credential=[^/]+/[0-9]+/([^/]+)/", headers.get("authorization", ""))
    url = urlsplit(target)
    for route in _routes():
        found = route.pattern.fullmatch(url.path)
        if route.method != method or not found:
            continue
        params: dict[str, Any] = {name: unquote(value) for name, value in found.groupdict().items()}
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        params |= {member: query[name] for name, member in route.query.items() if name in query}
        params |= {member: headers[name] for name, member in route.headers.items() if name in headers}
        if body:
            params |= json.loads(body)
        return Call(scope[1] if scope else "", route.operation, params)
    message = f"{method} {url.path} is no operation of iot"
    raise LookupError(message)


@cache
def _routes() -> tuple[_Route, ...]:
    """From botocore's service model; fixed paths before those with parameters."""
    model = botocore.session.get_session().get_service_model("iot")
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        members = operation.input_shape.members if operation.input_shape else {}
        places: dict[str, dict[str, str]] = {"querystring": {}, "header": {}}
        for member, shape in members.items():
            place = shape.serialization.get("location")
            if place in places:
                name_there = shape.serialization.get("name", member)
                places[place][name_there if place == "querystring" else name_there.lower()] = member
        path = operation.http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", path)
        routes.append(
            _Route(
                name, operation.http["method"], re.compile(pattern), places["querystring"], places["header"]
            )
        )
    return tuple(sorted(routes, key=lambda route: route.pattern.pattern.count("(?P")))


@contextmanager
def between(target: str) -> Iterator[Between]:
    state = Between(target)
    with serving(_Handler, state) as port:
        state.url = f"http://127.0.0.1:{port}"
        yield state
