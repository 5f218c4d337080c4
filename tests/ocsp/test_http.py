"""OCSP over HTTP on a running service: headers, methods, limits, many at once, and no stale answer."""

import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from privyseal.frontends.ocsp import MAX_AGE
from privyseal.x509.ocsp_request import MAX_SIZE
from tests.e2e import boto
from tests.frontends import raw
from tests.ocsp import wire
from tests.ocsp.deployment import Deployment
from tests.service import Service

MALFORMED = b"0\x03\n\x01\x01"


def test_a_get_may_be_cached_for_a_moment_and_asked_again(deployment: Deployment) -> None:
    """RFC 5019 §6.2, with an age so short that no cache hides a revocation."""
    leaf = deployment.leaf("cached")
    asked = wire.request(leaf.certificate, deployment.issuer)
    connection = wire.connect(deployment.url)  # to one of the two processes: each signs for itself
    status, headers, body = wire.get(deployment.url, asked, connection=connection)
    found = ocsp.load_der_ocsp_response(body)
    assert (status, headers["content-type"], headers["content-length"]) == (200, wire.TYPE, str(len(body)))
    assert headers["cache-control"] == f"max-age={MAX_AGE}, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(headers["last-modified"]) == found.this_update_utc
    assert found.next_update_utc
    assert parsedate_to_datetime(headers["expires"]) < found.next_update_utc
    for condition in (headers["etag"], f'"other", W/{headers["etag"]}'):
        again = wire.get(deployment.url, asked, connection=connection, if_none_match=condition)
        assert (again[0], again[2], again[1]["etag"]) == (304, b"", headers["etag"])
    deployment.revoke(leaf)
    status, changed, body = wire.get(deployment.url, asked, if_none_match=headers["etag"])
    assert status == 200
    assert changed["etag"] != headers["etag"]
    assert ocsp.load_der_ocsp_response(body).certificate_status is ocsp.OCSPCertStatus.REVOKED
    connection.close()


def test_what_is_for_one_client_alone_is_not_cached(deployment: Deployment) -> None:
    leaf = deployment.leaf("uncached")
    nonced = wire.request(leaf.certificate, deployment.issuer, nonce=b"n" * 16)
    for asked in (nonced, wire.request_for(4711, deployment.issuer), b"nonsense"):
        status, headers, _ = wire.get(deployment.url, asked)
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert "etag" not in headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/ocsp", None),
        ("GET", "/ocsp/", None),
        ("GET", "/ocsp/!!!", None),
        ("GET", "/ocsp/%", None),
        ("GET", "/ocsp/%zz%00", None),
        ("GET", "/ocsp/MA", None),
        ("GET", "/ocsp/" + "M" * 60_000, None),
        ("GET", "/no/such/place", None),
        ("POST", "/ocsp", b""),
        ("POST", "/ocsp", b"x"),
        ("POST", "/ocsp", bytes(MAX_SIZE + 1)),
        ("POST", "/", bytes(2_000_000)),
        ("POST", "/ocsp/anything", b"0\x00"),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, bytes) else f"{len(value)} octets",
)
def test_what_is_no_request_is_answered_so(
    deployment: Deployment, method: str, path: str, body: bytes | None
) -> None:
    """With status 200, as RFC 6960 appendix A has it: the response says what is wrong."""
    status, headers, answer = wire.exchange(deployment.base + path, method, body, {})
    assert (status, headers["content-type"], answer) == (200, wire.TYPE, MALFORMED)


def test_other_methods_are_not_allowed(deployment: Deployment) -> None:
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
        status, headers, _ = wire.exchange(deployment.url, method, b"", {})
        assert (status, headers["allow"]) == (405, "POST, GET")


def test_on_its_own_address_nothing_else_is_served(deployment: Deployment) -> None:
    """And OCSP is served there alone."""
    assert wire.exchange(f"{deployment.base}/healthz", "GET", None, {})[2] == MALFORMED
    status, _, _ = wire.exchange(f"{deployment.service.url}/ocsp", "POST", b"", {})
    assert status != 200


def test_a_body_in_pieces_or_too_late_is_an_answer_too(deployment: Deployment) -> None:
    """Raw sockets: chunks, a body that comes octet by octet, one announced and not sent whole."""
    leaf = deployment.leaf("pieces")
    asked = wire.request(leaf.certificate, deployment.issuer)
    host = urlsplit(deployment.base).netloc.encode()
    head = b"POST /ocsp HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: application/ocsp-request\r\n"
    sized = head + b"Content-Length: %d\r\n\r\n" % len(asked)
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(asked) + asked + b"\r\n0\r\n\r\n"
    for parts in (
        [chunked],
        [sized, *(bytes((each,)) for each in asked)],
        [sized + asked],
        [sized + asked] * 2,
    ):
        answer = raw.exchange(deployment.base, *parts)
        assert set(answer.statuses) == {200}
        assert ocsp.load_der_ocsp_response(answer.body[: _length(answer.raw)]).serial_number == (
            leaf.certificate.serial_number
        )
    twice = raw.exchange(deployment.base, (sized + asked) * 2)  # the second before the first is answered
    assert twice.statuses == [200, 200]
    encoded = raw.exchange(deployment.base, head + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
    assert encoded.body == MALFORMED


def _length(response: bytes) -> int:
    head = response.partition(b"\r\n\r\n")[0].lower()
    return int(head.split(b"content-length: ")[1].split(b"\r\n")[0])


def test_every_answer_is_about_what_was_asked(deployment: Deployment) -> None:
    """Let's Encrypt once answered others' requests where `Expect: 100-continue` was sent: POST and GET,
    with and without it and nonces, eight at a time over kept connections.
    """
    leaves = [deployment.leaf(f"asked-{n}") for n in range(8)]

    def ask(number: int) -> None:
        leaf = leaves[number % len(leaves)]
        nonce = number.to_bytes(4) if number % 3 == 0 else None
        asked = wire.request(
            leaf.certificate,
            deployment.issuer,
            nonce=nonce,
            algorithm=hashes.SHA256() if number % 5 == 0 else hashes.SHA1(),
        )
        if number % 4 == 0:
            body = wire.get(deployment.url, asked)[2]
        elif number % 4 == 1:
            body = _expecting(deployment.base, asked)
        else:
            body = wire.post(deployment.url, asked)
        found, theirs = ocsp.load_der_ocsp_response(body), ocsp.load_der_ocsp_request(asked)
        assert found.serial_number == theirs.serial_number == leaf.certificate.serial_number
        assert (found.issuer_key_hash, found.issuer_name_hash) == (
            theirs.issuer_key_hash,
            theirs.issuer_name_hash,
        )
        assert [each.value.nonce for each in found.extensions] == ([nonce] if nonce else [])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(600)))


def _expecting(base: str, asked: bytes) -> bytes:
    """POST with `Expect: 100-continue`, the body only after the server has said so."""
    address = urlsplit(base)
    assert address.hostname
    with socket.create_connection((address.hostname, address.port or 80), timeout=20) as connection:
        head = (
            f"POST /ocsp HTTP/1.1\r\nHost: {address.netloc}\r\nExpect: 100-continue\r\nConnection: close\r\n"
        )
        connection.sendall(f"{head}Content-Length: {len(asked)}\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(4096)
            assert chunk, "the service has closed the connection"
            received += chunk
        assert received.startswith(b"HTTP/1.1 100")
        connection.sendall(asked)
        while chunk := connection.recv(65536):
            received += chunk
    return received.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[2]


def test_a_revocation_is_in_the_very_next_answer(deployment: Deployment) -> None:
    """Of either worker process, without any pause, while both keep answers about the certificate."""
    for number in range(20):
        leaf = deployment.leaf(f"next-{number}")
        asked = wire.request(leaf.certificate, deployment.issuer)
        for _ in range(6):  # each over a connection of its own, so that both processes keep an answer
            assert _status(deployment, asked) is ocsp.OCSPCertStatus.GOOD
        deployment.revoke(leaf)
        for _ in range(6):
            assert _status(deployment, asked) is ocsp.OCSPCertStatus.REVOKED


def _status(deployment: Deployment, asked: bytes) -> ocsp.OCSPCertStatus:
    return ocsp.load_der_ocsp_response(wire.post(deployment.url, asked)).certificate_status


def test_a_revocation_outlives_a_kill(tmp_path: Path) -> None:
    """Kill -9 of all processes right after the revocation was acknowledged; stored answers are there."""
    service = Service(tmp_path / "data", "--workers", "2", "--revocation-port", "0").start()
    try:
        with boto.client(service) as pca:
            deployment = Deployment(service, pca, tmp_path)
            deployment.enable()
            good, revoked = deployment.leaf("good"), deployment.leaf("revoked")
            for _ in range(3):
                assert deployment.status_of(revoked) is ocsp.OCSPCertStatus.GOOD
                assert deployment.status_of(good) is ocsp.OCSPCertStatus.GOOD
                threading.Event().wait(1.2)  # until they are stored
            deployment.revoke(revoked)
        service.kill()
        service.start()
        deployment = Deployment(service, None, tmp_path)
        assert deployment.status_of(revoked) is ocsp.OCSPCertStatus.REVOKED
        assert deployment.status_of(good) is ocsp.OCSPCertStatus.GOOD
    finally:
        service.kill()


def test_base64_of_a_request_is_what_openssl_would_put_into_the_path(deployment: Deployment) -> None:
    """Padding as it is or escaped; without it, it is no base64."""
    made = (wire.request_for(256**size, deployment.issuer) for size in range(3))
    text = next(each for each in map(base64.b64encode, made) if each.endswith(b"=")).decode()
    for path, ok in ((text, True), (text.replace("=", "%3D"), True), (text.rstrip("="), False)):
        _, _, body = wire.exchange(f"{deployment.url}/{path}", "GET", None, {})
        assert (body != MALFORMED) is ok
