"""CRLs over HTTP: whole, with the right headers, whatever is asked of them."""

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.model import Revocation
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode
from privyseal.frontends import crl as crl_frontend
from privyseal.frontends.crl import STATUS, CrlFrontend
from privyseal.frontends.http import App, Pool
from privyseal.meter import SilentMeter
from privyseal.stores.sqlite import SqliteStore
from privyseal.x509.revoked import revoked_entry
from tests.ca.world import CALLER, NOW, World
from tests.crl.conftest import Scene, enabled, id_of
from tests.frontends.live import serving
from tests.frontends.raw import exchange


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Site:
    scene: Scene
    url: str
    name: str  # of the CRL of an authority that has revoked one certificate

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        host = urlsplit(self.url)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=20)
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, answer.headers, body)

    def get(self, **headers: str) -> Answer:
        return self.ask(f"/crl/{self.name}.crl", **headers)


@pytest.fixture(scope="module", name="site")
def site_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clock = FixedClock(NOW)
    store = SqliteStore(tmp_path_factory.mktemp("serving") / "privyseal.db", clock)
    store.migrate()
    scene = Scene(World(store, clock), deltas=True)
    arn = scene.world.root(revocation=enabled())
    scene.revoke(arn, scene.issue(arn, "bad"))
    scene.make()
    pool = Pool(4, 100)
    frontend = CrlFrontend(scene.world.ca.crl_reader, pool, clock)
    with serving(App(frontend.routes(), SilentMeter())) as url:
        yield Site(scene, url, id_of(arn))
    pool.close()
    scene.world.ca.close()
    store.close()


def test_a_crl_is_der_with_its_type_length_tag_and_age(site: Site) -> None:
    """RFC 2585: application/pkix-crl."""
    answer = site.get()
    document = site.scene.document(site.name)
    assert answer.status == 200
    assert answer.body == site.scene.der(site.name)
    assert answer.headers["Content-Type"] == "application/pkix-crl"
    assert answer.headers["Content-Length"] == str(document.size)
    assert answer.headers["ETag"] == f'"{document.id}"'
    assert answer.headers["Last-Modified"] == format_datetime(document.this_update, usegmt=True)
    assert answer.headers["Cache-Control"] == "public, max-age=20"


def test_head_says_the_same_without_the_crl(site: Site) -> None:
    """Length included."""
    head, get = site.ask(f"/crl/{site.name}.crl", "HEAD"), site.get()
    assert head.status == 200
    assert head.body == b""
    for name in ("Content-Length", "ETag", "Last-Modified", "Content-Type", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_heads_leave_the_connection_open_and_nothing_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Load balancers and clients that look first ask often."""
    host = urlsplit(site.url)
    connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=20)
    connection.connect()
    same = connection.sock
    for method in ("HEAD", "HEAD", "GET"):
        connection.request(method, f"/crl/{site.name}.crl")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == (site.scene.der(site.name) if method == "GET" else b"")
        assert connection.sock is same
    connection.close()
    assert not caplog.records


def test_who_has_it_already_gets_304(site: Site) -> None:
    """By its tag, in any list and weak too, or by its time where no tag is given."""
    first = site.get()
    tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    later = format_datetime(site.scene.document(site.name).this_update + timedelta(1), usegmt=True)
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": modified},
        {"If_Modified_Since": later},
    ):
        answer = site.get(**headers)
        assert answer.status == 304, headers
        assert answer.body == b""
        assert answer.headers["ETag"] == tag


@pytest.mark.parametrize(
    "headers",
    [
        {"If_None_Match": '"other"'},
        {"If_None_Match": "no tag"},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": "Thu, 99 Jan 99999 99:99:99 GMT"},
        {"If_Modified_Since": "Sat, 01 Mar 2036 12:00:00 GMT", "If_None_Match": '"other"'},
    ],
)
def test_who_has_something_else_gets_the_crl(site: Site, headers: dict[str, str]) -> None:
    """And a condition that cannot be read is none."""
    assert site.get(**headers).status == 200


def test_the_folder_does_not_matter(site: Site) -> None:
    """A certificate from before CustomPath was changed still finds its CRL."""
    for path in (f"/{site.name}.crl", f"/pki/lists/{site.name}.crl"):
        assert site.ask(path).body == site.scene.der(site.name)


def test_a_delta_is_beside_it(site: Site) -> None:
    """NAME.delta.crl."""
    answer = site.ask(f"/crl/{site.name}.delta.crl")
    found = x509.load_der_x509_crl(answer.body)
    assert found.extensions.get_extension_for_class(x509.DeltaCRLIndicator)


def test_a_crl_that_is_being_made_is_worth_a_second_try(site: Site) -> None:
    """503 and Retry-After: its certificates are out already."""
    arn = site.scene.world.root(revocation=enabled())
    answer = site.ask(f"/crl/{id_of(arn)}.crl")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "2"
    site.scene.make()
    assert site.ask(f"/crl/{id_of(arn)}.crl").status == 200


def test_other_methods_are_refused(site: Site) -> None:
    """With what there is."""
    answer = site.ask(f"/crl/{site.name}.crl", "DELETE")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "/crl/{0}.crl/",
        "/crl/{0}",
        "/crl/.crl",
        "/.crl",
        ".crl",
        "/crl/..%2f{0}.crl",
        "/crl/%2e%2e/{0}%2ecrl",
        "/crl//{0}.crl",
        "/crl/{0}.crl.crl",
        "/crl/{0}.CRL",
        "/crl/{0}.delta.delta.crl",
        "/crl/{0}%00.crl",
        "/crl/00000000-0000-0000-0000-000000000000.crl",
        "/crl/" + "a" * 30000 + ".crl",
        "/crl/" + "/" * 30000 + ".crl",
        "/crl/' OR 1=1 --.crl",
        "/crl/\xff\xfe.crl",
    ],
)
def test_no_path_but_its_own_leads_to_a_crl(site: Site, path: str) -> None:
    """404, at once, and never a defect of ours."""
    request = f"GET {path.format(site.name)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = exchange(site.url, request.encode("latin-1"))
    assert answer.status in {400, 404}, answer


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_in_path_or_conditions_are_a_defect(site: Site, path: bytes, condition: bytes) -> None:
    """Whatever a stranger sends is an answer below 500."""
    bare = bytes.maketrans(b"\r\n\0", b"   ")
    head = b"GET /crl/" + path.translate(bare).replace(b" ", b"+") + b".crl HTTP/1.1\r\nhost: x\r\n"
    name = site.name.encode()
    for request in (
        head,
        b"GET /crl/"
        + name
        + b".crl HTTP/1.1\r\nhost: x\r\nif-none-match: "
        + condition.translate(bare)
        + b"\r\n",
        b"GET /crl/"
        + name
        + b".crl HTTP/1.1\r\nhost: x\r\nif-modified-since: "
        + condition.translate(bare)
        + b"\r\n",
    ):
        assert exchange(site.url, request + b"connection: close\r\n\r\n").status < 500


def test_a_request_with_a_body_is_refused(site: Site) -> None:
    """Nobody has anything to send here."""
    request = (
        f"GET /crl/{site.name}.crl HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    )
    assert exchange(site.url, request.encode()).status == 413


def test_a_download_stays_whole_while_new_crls_are_published(site: Site) -> None:
    """Every answer is one CRL from its first to its last octet, and the newest there was."""
    scene = site.scene
    world = scene.world
    arn = world.root(revocation=enabled())
    scene.make()
    name, key = id_of(arn), world.row(arn)
    public = x509.load_der_x509_certificate(key.certificate or b"").public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    _fill(scene, name, 0, 20_000)
    failures: list[str] = []
    done = threading.Event()
    numbers: list[int] = []

    def download() -> None:
        while not done.is_set():
            answer = replace(site, name=name).get()
            body = answer.body
            found = x509.load_der_x509_crl(body)
            length = int(answer.headers["Content-Length"])
            if len(body) != length or not found.is_signature_valid(public):
                failures.append(answer.headers["ETag"])
            numbers.append(len(found))

    readers = [threading.Thread(target=download) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(1, 8):
            _fill(scene, name, 20_000 * turn, 2000)
            world.clock.advance(timedelta(seconds=20))
            world.ca.authorities.update(CALLER, arn, None, enabled())
            scene.make()
            time.sleep(0.1)
    finally:
        done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert len(set(numbers)) > 3, numbers
    assert scene.document(name).chunks > 3


def test_a_download_of_what_was_replaced_long_ago_ends(site: Site) -> None:
    """The connection is closed before the promised length: the client knows that it has not all of it."""
    scene = site.scene
    arn = scene.world.root(revocation=enabled())
    name = id_of(arn)
    _fill(scene, name, 0, 200_000)
    scene.make()
    host = urlsplit(site.url)
    connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=20)
    connection.request("GET", f"/crl/{name}.crl")
    answer = connection.getresponse()
    head = answer.read(1000)
    scene.world.ca.authorities.update(CALLER, arn, None, enabled())
    scene.make()
    scene.world.clock.advance(timing.KEEP)
    scene.make()
    with pytest.raises(http.client.IncompleteRead) as cut:
        answer.read()
    assert len(head) + len(cut.value.partial) < int(answer.headers["Content-Length"])
    connection.close()


@pytest.mark.parametrize("limit", ["MAX_STREAMS", "MAX_STREAMS_OF_ONE"])
def test_too_many_downloads_at_once_are_told_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Memory is bounded: each holds a chunk."""
    scene = site.scene
    arn = scene.world.root(revocation=enabled())
    _fill(scene, id_of(arn), 0, 20_000)
    scene.make()
    monkeypatch.setattr(crl_frontend, limit, 0)
    answer = replace(site, name=id_of(arn)).get()
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert site.get().status == 200  # a small one, which is not held while it is sent


def test_one_client_does_not_take_the_places_of_the_others(site: Site) -> None:
    """Downloads that nobody reads on: one address has some of the places, another one still finds one."""
    arn = site.scene.world.root(revocation=enabled())
    _fill(site.scene, id_of(arn), 0, 200_000)
    site.scene.make()
    host, port = urlsplit(site.url).hostname or "", urlsplit(site.url).port
    held: list[http.client.HTTPConnection] = []

    def status(source: str) -> int:
        held.append(http.client.HTTPConnection(host, port, timeout=20, source_address=(source, 0)))
        held[-1].request("GET", f"/crl/{id_of(arn)}.crl")
        return held[-1].getresponse().status

    most = crl_frontend.MAX_STREAMS_OF_ONE
    try:
        assert [status("127.0.0.1") for _ in range(most + 1)] == [200] * most + [503]
        assert status("127.0.0.2") == 200
    finally:
        for connection in held:
            connection.close()


def test_every_error_has_a_status() -> None:
    """The table is total."""
    assert set(STATUS) == set(ErrorCode)


def _fill(scene: Scene, authority_id: str, first: int, count: int) -> None:
    now = scene.world.clock.now()
    rows = [
        Revocation(
            authority_id=authority_id,
            partition="",
            serial=serial,
            not_after=now + timedelta(days=100),
            revoked_at=now,
            entry=revoked_entry(serial, now, 4),
        )
        for serial in range(1 << 100 | first, (1 << 100 | first) + count)
    ]
    scene.world.store.transact(lambda tx: scene.world.rows.revocations.put_many(tx, rows))
