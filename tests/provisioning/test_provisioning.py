"""POST /provision over a real server: what a device sends, what it gets, what it is told."""

import http.client
import json
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.caller import Caller
from privyseal.devices.model import ListedDevice
from privyseal.devices.ports import IssuedDeviceCertificate, Issuer
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import App
from privyseal.frontends.provisioning.refusals import MAX_BODY, STATUS
from privyseal.meter import SilentMeter
from tests.devices.deployment import OPERATOR, key_der
from tests.devices.requests import csr
from tests.frontends.live import serving
from tests.provisioning.conftest import KEY, Service
from tests.provisioning.desk import Desk

OTHER = ec.generate_private_key(ec.SECP256R1())
JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


def send(
    url: str,
    body: bytes,
    *,
    method: str = "POST",
    path: str = "/provision",
    headers: Mapping[str, str] = JSON,
) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())
    finally:
        connection.close()


def asked(request: bytes, device_id: str = "sensor") -> bytes:
    return json.dumps({"csr": request.decode(), "device_id": device_id}).encode()


def test_a_device_gets_its_certificate_and_the_chain(service: Service) -> None:
    reply = send(service.url, asked(csr(KEY, "sensor")))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert set(reply.json) == {"certificate", "certificate_chain", "certificate_arn", "endpoint"}
    certificate = x509.load_pem_x509_certificate(reply.json["certificate"].encode())
    assert key_der(certificate.public_key()) == key_der(KEY.public_key())
    issuing, root = x509.load_pem_x509_certificates(reply.json["certificate_chain"].encode())
    certificate.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert reply.json["certificate_arn"].endswith(f"/certificate/{certificate.serial_number:032x}")


def test_openssl_makes_the_request_and_verifies_the_chain(service: Service, tmp_path: Path) -> None:
    def openssl(*arguments: str) -> str:
        done = subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout

    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")
    openssl("req", "-new", "-key", "key.pem", "-subj", "/CN=made-by-openssl", "-out", "request.pem")
    public_key = openssl("ec", "-in", "key.pem", "-pubout")
    service.product.registry.import_devices(OPERATOR, [ListedDevice("made-by-openssl", public_key)])
    reply = send(service.url, asked((tmp_path / "request.pem").read_bytes(), "made-by-openssl"))
    assert reply.status == 200
    issuing, root = reply.json["certificate_chain"].split("\n-----BEGIN", 1)
    (tmp_path / "leaf.pem").write_text(reply.json["certificate"])
    (tmp_path / "issuing.pem").write_text(issuing)
    (tmp_path / "root.pem").write_text(f"-----BEGIN{root}")
    out = openssl("verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem")
    assert out.strip() == "leaf.pem: OK"


def test_a_retry_gets_the_same_answer(service: Service) -> None:
    body = asked(csr(KEY, "sensor"))
    assert send(service.url, body).body == send(service.url, body).body


def test_simultaneous_retries_get_the_same_answer(service: Service) -> None:
    body = asked(csr(KEY, "sensor"))
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: send(service.url, body), range(16)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


# name → (body, status, code)
REFUSED: Mapping[str, tuple[Callable[[], bytes], int, str]] = {
    "empty": (lambda: b"", 400, "malformed-request"),
    "not JSON": (lambda: b"csr=x", 400, "malformed-request"),
    "not UTF-8": (lambda: b'{"csr":"\xff","device_id":"sensor"}', 400, "malformed-request"),
    "truncated": (lambda: asked(csr(KEY, "sensor"))[:-1], 400, "malformed-request"),
    "two objects": (lambda: asked(csr(KEY, "sensor")) * 2, 400, "malformed-request"),
    "nested too deeply": (lambda: b"[" * 60_000, 400, "malformed-request"),
    "NaN": (lambda: b'{"csr":NaN,"device_id":"sensor"}', 400, "malformed-request"),
    "a lone surrogate": (lambda: b'{"csr":"x","device_id":"\\ud800"}', 400, "malformed-request"),
    "a name twice": (
        lambda: asked(csr(KEY, "sensor"))[:-1] + b',"device_id":"other"}',
        400,
        "malformed-request",
    ),
    "a list": (lambda: b"[]", 400, "validation"),
    "null": (lambda: b"null", 400, "validation"),
    "no device id": (lambda: b'{"csr":"x"}', 400, "validation"),
    "no CSR": (lambda: b'{"device_id":"sensor"}', 400, "validation"),
    "a number as id": (lambda: b'{"csr":"x","device_id":7}', 400, "validation"),
    "a null as CSR": (lambda: b'{"csr":null,"device_id":"sensor"}', 400, "validation"),
    "an unknown member": (lambda: b'{"csr":"x","device_id":"sensor","days":9}', 400, "validation"),
    "a member in other case": (lambda: b'{"CSR":"x","device_id":"sensor"}', 400, "validation"),
    "a CSR that is none": (lambda: asked(b"hello"), 400, "malformed-csr"),
    "an empty CSR": (lambda: asked(b""), 400, "malformed-csr"),
    "a CSR over its limit": (lambda: asked(b"x" * 33_000), 400, "malformed-csr"),
    "an unknown device": (lambda: asked(csr(KEY, "nobody"), "nobody"), 404, "not-found"),
    "an id with NUL": (lambda: asked(csr(KEY, "sensor"), "sensor\x00"), 404, "not-found"),
    "an empty id": (lambda: asked(csr(KEY, "sensor"), ""), 404, "not-found"),
    "another key": (lambda: asked(csr(OTHER, "sensor")), 403, "access-denied"),
    "another name": (lambda: asked(csr(KEY, "other")), 403, "access-denied"),
    "a body over the limit": (lambda: asked(b"x" * MAX_BODY), 413, "too-large"),
    "a body far over the limit": (lambda: b"x" * 3_000_000, 413, "too-large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_a_problem_document(service: Service, case: str) -> None:
    body, status, code = REFUSED[case]
    before = service.product.journal()
    reply = send(service.url, body())
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(reply.json) == {"type", "title", "status", "code", "detail", "request_id"}
    assert reply.json["status"] == status
    assert len(reply.body) < 1000
    assert b"Traceback" not in reply.body
    assert service.product.journal() == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "APPLICATION/JSON"}, 200),
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/jsonp"}, 415),
        (JSON | {"Content-Encoding": "gzip"}, 415),
    ],
)
def test_the_body_is_json_and_says_so(service: Service, headers: dict[str, str], status: int) -> None:
    assert send(service.url, asked(csr(KEY, "sensor")), headers=headers).status == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_served(service: Service, method: str) -> None:
    reply = send(service.url, b"", method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path",
    ["/provision/", "//provision", "/Provision", "/%70rovision", "/provision;x", "/./provision", "/provisio"],
)
def test_only_the_exact_path_is_served(service: Service, path: str) -> None:
    assert send(service.url, asked(csr(KEY, "sensor")), path=path).status == 404


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["csr", "device_id", "x"]), st.text() | st.integers() | st.none()))
def test_no_json_is_answered_by_anything_but_a_problem(service: Service, body: dict[str, Any]) -> None:
    reply = send(service.url, json.dumps(body).encode())
    assert reply.status in {400, 404}
    assert reply.json["status"] == reply.status


def test_the_table_of_errors_is_total() -> None:
    assert set(STATUS) == set(ErrorCode)
    assert set(STATUS.values()) <= {400, 403, 404, 405, 413, 415, 500, 503}


class Broken:
    """An issuer that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        raise self._error


def answer_of(service: Service, issuer: Issuer) -> Reply:
    desk = Desk(service.product, service.product.enrolment(issuer))
    with serving(App(desk.routes(), SilentMeter())) as url:
        return send(url, asked(csr(KEY, "sensor")))


@pytest.mark.parametrize("code", [ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE])
def test_a_busy_service_says_when_to_come_back(service: Service, code: ErrorCode) -> None:
    reply = answer_of(service, Broken(PrivySealError(code, "busy")))
    assert (reply.status, reply.headers["retry-after"]) == (503, "2")


def test_a_defect_says_nothing_on_the_wire(service: Service) -> None:
    reply = answer_of(service, Broken(ZeroDivisionError("the secret reason")))
    assert (reply.status, reply.json["code"]) == (500, "internal")
    assert b"secret reason" not in reply.body
    assert reply.json["request_id"] in reply.json["detail"]
