"""POST /new and POST /proto over a real server: with curl as firmware has it, and with hostile bytes."""

import base64
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.caller import Caller
from privyseal.devices.ports import IssuedDeviceCertificate, Issuer
from privyseal.devices.states import Event
from privyseal.devices.throttle import Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import App
from privyseal.frontends.provisioning.csr_header import MAX_HEADER
from privyseal.frontends.provisioning.refusals import MAX_BODY
from privyseal.meter import SilentMeter
from tests.devices.deployment import OPERATOR, key_der
from tests.devices.requests import SigningKey, csr, subject
from tests.frontends.live import serving
from tests.frontends.raw import exchange
from tests.programs import program
from tests.provisioning.conftest import KEY, Service
from tests.provisioning.desk import Desk
from tests.provisioning.test_provisioning import Reply, send

OTHER = ec.generate_private_key(ec.SECP256R1())
PATHS = ("/new", "/proto")


def header(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def ask(url: str, pem: bytes, path: str = "/new", name: str = "device-csr") -> Reply:
    return send(url, b"", path=path, headers={name: header(pem)})


def certificate(reply: Reply, path: str) -> x509.Certificate:
    assert reply.status == 200, reply.body
    text = reply.json["certificate"] if path == "/new" else reply.body.decode()
    (found,) = x509.load_pem_x509_certificates(text.encode())
    return found


def curl(*arguments: str, cwd: Path) -> tuple[int, str]:
    """(status, body)"""
    command = [program("curl"), "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
    said = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
    body, _, status = said.rpartition("\n")
    return int(status), body


def test_new_answers_with_the_certificate_and_an_endpoint(service: Service) -> None:
    reply = ask(service.url, csr(KEY, "sensor"))
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"certificate", "endpoint"}
    assert reply.json["endpoint"] == ""
    assert key_der(certificate(reply, "/new").public_key()) == key_der(KEY.public_key())


def test_proto_answers_with_the_bare_certificate(service: Service) -> None:
    reply = ask(service.url, csr(KEY, "sensor"), "/proto")
    assert reply.headers["content-type"] == "text/plain"
    assert key_der(certificate(reply, "/proto").public_key()) == key_der(KEY.public_key())


@pytest.mark.parametrize("path", PATHS)
def test_curl_and_openssl_do_what_the_reference_system_has_devices_do(
    service: Service, tmp_path: Path, path: str
) -> None:
    """The request of its scripts: an empty POST whose header is base64 of the PEM, in one line."""
    script = "openssl req -new -key key.pem -subj /CN=sensor -out sensor.csr && base64 -w0 sensor.csr"
    program("openssl")
    pem = KEY.private_bytes(
        *(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8),
        serialization.NoEncryption(),
    )
    (tmp_path / "key.pem").write_bytes(pem)
    value = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    status, body = curl(
        "--request", "POST", "--header", f"device-csr: {value}", service.url + path, cwd=tmp_path
    )
    assert status == 200
    text = json.loads(body)["certificate"] if path == "/new" else body
    found = x509.load_pem_x509_certificate(text.encode())
    assert found.subject == subject("sensor")


@pytest.mark.parametrize("name", ["device-csr", "Device-Csr", "DEVICE-CSR", "dEvIcE-cSr"])
def test_the_name_of_the_header_has_any_case(service: Service, name: str) -> None:
    """On the wire as it is written here: http.client leaves it alone."""
    request = (
        f"POST /new HTTP/1.1\r\nHost: x\r\n{name}: {header(csr(KEY, 'sensor'))}\r\nContent-Length: 0\r\n\r\n"
    )
    assert exchange(service.url, request.encode()).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_the_same_csr_gets_the_same_certificate_in_every_form(service: Service, path: str) -> None:
    pem = csr(KEY, "sensor")
    as_json = json.dumps({"csr": pem.decode(), "device_id": "sensor"}).encode()
    replies = [
        ask(service.url, pem, path),
        ask(service.url, pem, path),
        send(service.url, pem, path=path, headers={"Content-Type": "application/x-pem-file"}),
        send(service.url, pem, path=path, headers={}),
        send(service.url, pem, path=path, headers={"Content-Type": "application/x-www-form-urlencoded"}),
        send(service.url, as_json, path=path, headers={"Content-Type": "application/json"}),
    ]
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


def test_another_csr_of_the_device_is_a_rotation(service: Service) -> None:
    first, second = (certificate(ask(service.url, csr(KEY, "sensor")), "/new") for _ in range(2))
    assert first.serial_number != second.serial_number


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["header", "body"])
def test_an_ml_dsa_csr_fits_where_it_fits(service: Service, path: str, kind: str) -> None:
    """ML-DSA-65 takes 10 KB in the header, which this server takes and many proxies do not."""
    key = mldsa.MLDSA65PrivateKey.generate()
    name = f"ml-dsa{path.replace('/', '-')}-{kind}"
    service.product.register(name, key.public_key())
    pem = csr(key, name)
    reply = ask(service.url, pem, path) if kind == "header" else send(service.url, pem, path=path, headers={})
    assert key_der(certificate(reply, path).public_key()) == key_der(key.public_key())


def broken_signature() -> bytes:
    """The right key and name, and a signature that is not theirs."""
    mine, other = csr(KEY, "sensor"), csr(OTHER, "sensor")
    ours, theirs = (x509.load_pem_x509_csr(each) for each in (mine, other))
    der = base64.b64decode(b"".join(mine.splitlines()[1:-1]))
    tampered = der.replace(ours.signature[-8:], theirs.signature[-8:])
    assert tampered != der
    lines = base64.encodebytes(tampered).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}-----END CERTIFICATE REQUEST-----\n".encode()


# name → (headers, body, status, code)
Refused = tuple[Callable[[], Sequence[tuple[str, str]]], bytes, int, str]


def one(pem: Callable[[], bytes]) -> Callable[[], Sequence[tuple[str, str]]]:
    return lambda: [("device-csr", header(pem()))]


def text(value: str) -> Callable[[], Sequence[tuple[str, str]]]:
    return lambda: [("device-csr", value)]


REFUSED: Mapping[str, Refused] = {
    "nothing at all": (list, b"", 400, "malformed-request"),
    "an empty header": (text(""), b"", 400, "malformed-request"),
    "no base64": (text("hello there"), b"", 400, "malformed-request"),
    "the bare first line of a PEM": (
        text("-----BEGIN CERTIFICATE REQUEST-----"),
        b"",
        400,
        "malformed-request",
    ),
    "base64 of nothing useful": (text(base64.b64encode(b"hello").decode()), b"", 400, "malformed-csr"),
    "base64 of NUL": (text(base64.b64encode(b"\x00" * 99).decode()), b"", 400, "malformed-csr"),
    "no padding": (
        lambda: [("device-csr", header(csr(KEY, "sensor") + b"\n" * 4)[:-1])],
        b"",
        400,
        "malformed-request",
    ),
    "url-safe base64": (text("-_-_"), b"", 400, "malformed-request"),
    "unused bits": (text("aGVsbG9="), b"", 400, "malformed-request"),
    "base64 twice": (
        lambda: [("device-csr", header(header(csr(KEY, "sensor")).encode()))],
        b"",
        400,
        "malformed-csr",
    ),
    "DER": (
        one(lambda: x509.load_pem_x509_csr(csr(KEY, "sensor")).public_bytes(serialization.Encoding.DER)),
        b"",
        400,
        "malformed-csr",
    ),
    "two CSRs in one header": (one(lambda: csr(KEY, "sensor") * 2), b"", 400, "malformed-csr"),
    "two headers": (
        lambda: [("device-csr", header(csr(KEY, "sensor"))), ("Device-Csr", header(csr(KEY, "sensor")))],
        b"",
        400,
        "malformed-request",
    ),
    "Latin-1": (text("\xe9\xff" * 20), b"", 400, "malformed-request"),
    "over the limit of the header": (text("A" * (MAX_HEADER + 4)), b"", 400, "malformed-request"),
    "a broken signature": (one(broken_signature), b"", 400, "malformed-csr"),
    "no common name": (one(lambda: csr(KEY, subject(organization="x"))), b"", 400, "malformed-csr"),
    "two common names": (one(lambda: csr(KEY, subject("sensor", "sensor"))), b"", 400, "malformed-csr"),
    "two names, ours last": (one(lambda: csr(KEY, subject("other", "sensor"))), b"", 400, "malformed-csr"),
    "an unknown device": (one(lambda: csr(KEY, "nobody")), b"", 404, "not-found"),
    "a name in other case": (one(lambda: csr(KEY, "Sensor")), b"", 404, "not-found"),
    "a name with a space": (one(lambda: csr(KEY, "sensor ")), b"", 404, "not-found"),
    "a name with NUL": (one(lambda: csr(KEY, subject("sensor\x00x"))), b"", 400, "malformed-csr"),
    "a name over its limit": (one(lambda: csr(KEY, subject("s" * 65))), b"", 400, "malformed-csr"),
    "another key": (one(lambda: csr(OTHER, "sensor")), b"", 403, "access-denied"),
    "somebody else's names": (one(lambda: csr(KEY, "sensor", ["bank.example"])), b"", 403, "access-denied"),
    "a body that is no CSR": (list, b"hello", 400, "malformed-csr"),
    "a body of zeros": (list, b"\x00" * 1000, 400, "malformed-csr"),
    "a body with another key": (list, csr(OTHER, "sensor"), 403, "access-denied"),
    "JSON that is none": (lambda: [("Content-Type", "application/json")], b"{", 400, "malformed-request"),
    "JSON without an id": (lambda: [("Content-Type", "application/json")], b'{"csr":"x"}', 400, "validation"),
    "JSON with another id": (
        lambda: [("Content-Type", "application/json")],
        json.dumps({"csr": csr(KEY, "other").decode(), "device_id": "sensor"}).encode(),
        403,
        "access-denied",
    ),
    "a body over the limit": (list, b"x" * (MAX_BODY + 1), 413, "too-large"),
    "10 MB": (one(lambda: csr(KEY, "sensor")), b"x" * 10_000_000, 413, "too-large"),
    "an encoded body": (lambda: [("Content-Encoding", "gzip")], csr(KEY, "sensor"), 415, "unsupported-media"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_told_and_changes_nothing(service: Service, path: str, case: str) -> None:
    headers, body, status, code = REFUSED[case]
    before = service.product.journal()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers()).encode("latin-1")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n".encode()
    answer = exchange(service.url, head + lines + b"\r\n" + body)
    assert answer.status == status, answer.raw[:500]
    assert json.loads(answer.body)["code"] == code
    assert b"Traceback" not in answer.raw
    assert len(answer.raw) < 1500
    assert service.product.journal() == before


@pytest.mark.parametrize("value", [b"a\x00b", b"\x00", b"a\rb", b"a\x7fb\x01"])
def test_control_characters_in_a_header_never_reach_the_product(service: Service, value: bytes) -> None:
    answer = exchange(service.url, b"POST /new HTTP/1.1\r\nHost: x\r\ndevice-csr: " + value + b"\r\n\r\n")
    assert answer.status == 400
    assert b"Traceback" not in answer.raw


def test_a_header_beyond_every_limit_is_refused_before_it_is_read(service: Service) -> None:
    start = b"POST /new HTTP/1.1\r\nHost: x\r\ndevice-csr: "
    answer = exchange(service.url, start, b"A" * 10_000_000, b"\r\n\r\n")
    assert answer.status in {0, 400, 431}  # 0: the connection was reset while we were sending


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_served(service: Service, path: str, method: str) -> None:
    reply = send(
        service.url, b"", method=method, path=path, headers={"device-csr": header(csr(KEY, "sensor"))}
    )
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


@settings(max_examples=100, deadline=None)
@given(
    value=st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=200
    )
)
def test_no_header_is_answered_by_a_server_error(service: Service, value: str) -> None:
    reply = send(
        service.url, b"", path="/new", headers={"device-csr": value.encode("latin-1").decode("latin-1")}
    )
    assert reply.status == 400


@pytest.mark.parametrize("event", [Event.SUSPENDED, Event.RETIRED])
@pytest.mark.parametrize("path", ["/new", "/proto", "/provision"])
def test_who_is_suspended_or_retired_is_denied_everywhere(service: Service, path: str, event: Event) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"out{path.replace('/', '-')}-{event.value}"
    service.product.register(name, key.public_key())
    service.product.lifecycle.change(OPERATOR, event, [name])
    assert _asked(service, key, name, path).json["code"] == "access-denied"
    assert _asked(service, OTHER, name, path).json["detail"].startswith("The key")
    service.product.lifecycle.change(OPERATOR, Event.RESUMED, [name])
    expected = 200 if event is Event.SUSPENDED else 403
    assert _asked(service, key, name, path).status == expected


def _asked(service: Service, key: SigningKey, name: str, path: str) -> Reply:
    pem = csr(key, name)
    if path != "/provision":
        return ask(service.url, pem, path)
    body = json.dumps({"csr": pem.decode(), "device_id": name}).encode()
    return send(service.url, body, path=path)


class Failing:
    """An issuer that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        raise self._error


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "error",
    [
        PrivySealError(ErrorCode.THROTTLED, "busy"),
        PrivySealError(ErrorCode.UNAVAILABLE, "down"),
        PrivySealError(ErrorCode.INVALID_STATE, "not set up"),
        ZeroDivisionError("the secret reason"),
    ],
    ids=repr,
)
def test_when_issuing_fails_the_answer_is_500_with_an_empty_body(
    service: Service, path: str, error: Exception
) -> None:
    issuer: Issuer = Failing(error)
    enrolment = service.product.enrolment(issuer)
    frontend = Desk(service.product, enrolment)
    with serving(App(frontend.routes(), SilentMeter())) as url:
        reply = ask(url, csr(KEY, "sensor"), path)
    assert (reply.status, reply.body) == (500, b"")


def test_proto_may_have_an_issuer_of_its_own(service: Service) -> None:
    working = service.product.enrolment(service.product.issuer(service.product.hierarchy()))
    failing = service.product.enrolment(Failing(PrivySealError(ErrorCode.UNAVAILABLE, "down")))
    frontend = Desk(service.product, failing, working)
    with serving(App(frontend.routes(), SilentMeter())) as url:
        pem = csr(KEY, "sensor")
        assert ask(url, pem, "/new").status == 500
        assert ask(url, pem, "/proto").status == 200


def test_too_many_requests_from_one_address_are_429(service: Service) -> None:
    """Whatever they are, and whoever a header says that they are from."""
    enrolment = service.product.enrolment(Failing(ZeroDivisionError()))
    desk = Desk(service.product, enrolment, throttle=Throttle(0.1, 3))
    with serving(App(desk.routes(), SilentMeter())) as url:
        headers = [{"X-Forwarded-For": f"192.0.2.{n}", "Forwarded": f"for=192.0.2.{n}"} for n in range(6)]
        paths = ("/new", "/proto", "/provision") * 2
        replies = [
            send(url, b"junk", path=path, headers=each) for path, each in zip(paths, headers, strict=True)
        ]
    assert [reply.status for reply in replies] == [400, 400, 415, 429, 429, 429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 10
    assert replies[-1].json["code"] == "throttled"
