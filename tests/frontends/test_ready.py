"""Routes with answers that are ready: given at once where a request has arrived whole, else not at all."""

from urllib.parse import urlsplit

from privyseal.errors import PrivySealError
from privyseal.frontends.http import App, Pairs, Request, Response, Route
from privyseal.meter import SilentMeter
from tests.frontends import raw
from tests.frontends.live import serving

MOST = 64


class Answers:
    """Says how each answer came to be."""

    name = "answers"

    def ready(self, method: str, raw_path: bytes, headers: Pairs, body: bytes) -> Response | None:
        assert headers
        return (
            Response(200, b"ready:%b:%b:%b" % (method.encode(), raw_path, body))
            if b"new" not in body
            else None
        )

    async def handle(self, request: Request) -> Response:
        return Response(200, b"handled:" + request.body)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        assert request.method
        return Response(400, b"refused:" + error.code.value.encode())


class CountingMeter(SilentMeter):
    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def answered(self, frontend: str, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0, frontend
        self.counted.append((operation, outcome))


def app(meter: SilentMeter | None = None, *, access_log: bool = False) -> App:
    front = Answers()
    routes = [Route(b"/a", front, ("POST", "GET"), body=MOST, ready=front), Route(b"/b", front, ("POST",))]
    return App(routes, meter or SilentMeter(), access_log=access_log)


def say(
    url: str, *parts: bytes, path: bytes = b"/a", head: bytes = b"", method: bytes = b"POST"
) -> raw.Answer:
    """The head with `head` in it, then the parts of the body as they are."""
    host = urlsplit(url).netloc.encode()
    return raw.exchange(url, b"%b %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (method, path, host, head), *parts)


def test_what_has_arrived_whole_is_answered_at_once_where_it_can_be() -> None:
    with serving(app()) as url:
        assert say(url, method=b"GET").body == b"ready:GET:/a:"
        host = urlsplit(url).netloc.encode()
        head = b"POST /a HTTP/1.1\r\nHost: %b\r\nContent-Length: 3\r\n\r\n" % host
        assert raw.exchange(url, head + b"old").body == b"ready:POST:/a:old"
        assert raw.exchange(url, head + b"new").body == b"handled:new"
        assert say(url, b"old", path=b"/b", head=b"Content-Length: 3\r\n").body == b"handled:old"


def test_what_comes_in_parts_is_read_in_full_first() -> None:
    """Octet by octet, in chunks, after a 100, too long, encoded: as on every other route."""
    with serving(app()) as url:
        octets = [bytes((each,)) for each in b"old"]
        assert say(url, *octets, head=b"Content-Length: 3\r\n").body in {b"handled:old", b"ready:POST:/a:old"}
        assert (
            say(url, b"3\r\nold\r\n0\r\n\r\n", head=b"Transfer-Encoding: chunked\r\n").body == b"handled:old"
        )
        expecting = say(url, b"old", head=b"Expect: 100-continue\r\nContent-Length: 3\r\n")
        assert expecting.raw.startswith(b"HTTP/1.1 100")
        assert expecting.raw.endswith(b"handled:old")
        long = bytes(MOST + 1)
        assert say(url, long, head=b"Content-Length: %d\r\n" % len(long)).body == b"refused:too-large"
        encoded = say(url, b"old", head=b"Content-Encoding: gzip\r\nContent-Length: 3\r\n")
        assert encoded.body == b"refused:unsupported-media"


def test_other_methods_are_refused_as_ever() -> None:
    with serving(app()) as url:
        assert say(url, method=b"PUT").body == b"refused:method-not-allowed"


def test_a_ready_answer_is_counted_and_where_requests_are_logged_none_is_given() -> None:
    meter = CountingMeter()
    with serving(app(meter)) as url:
        say(url, method=b"GET")
    assert meter.counted == [("GET", "ok")]
    with serving(app(access_log=True)) as url:
        assert say(url, method=b"GET").body == b"handled:"


def test_thousands_of_requests_in_one_write_are_each_answered() -> None:
    """A stranger's pipeline must not go as deep as it is long."""
    with serving(app()) as url:
        host = urlsplit(url).netloc.encode()
        one = b"GET /a HTTP/1.1\r\nHost: %b\r\n\r\n" % host
        answer = raw.exchange(url, one * 3000, silence=1)
        assert answer.statuses == [200] * 3000
