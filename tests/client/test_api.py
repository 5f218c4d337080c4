"""Calls: what goes out, and what becomes of what comes back."""

import socket
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.client import ApiError, ClientError, PrivySealClient, UnreachableError
from privyseal.client.api import segment
from privyseal.clock import FixedClock
from tests.client.far_side import Answer, FarSide, Received, aws_error, far_side

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def botocore_signature(request: Received, url: str, service: str) -> str:
    """The Authorization header that botocore makes for the very request that arrived."""
    sent = {
        name: value
        for name, value in request.headers.items()
        if name in {"content-type", "x-amz-target", "accept", "host", "x-amz-security-token"}
    }
    again = AWSRequest(request.method, url + request.target, headers=sent, data=request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIAEXAMPLE", "secret"), service, "eu-central-1")
    again.headers["X-Amz-Date"] = request.headers["x-amz-date"]
    canonical = auth.canonical_request(again)
    signature = auth.signature(auth.string_to_sign(again, canonical), again)
    return str(signature)


def test_a_call_goes_out_as_aws_json(client: PrivySealClient, far: FarSide) -> None:
    far.say(Answer({"CertificateArn": "arn"}))
    assert client.call("IssueCertificate", {"Csr": b"\xfb\xff", "Nested": [{"Blob": b"x"}]}) == {
        "CertificateArn": "arn"
    }
    (request,) = far.received
    assert (request.method, request.target) == ("POST", "/")
    assert request.headers["content-type"] == "application/x-amz-json-1.1"
    assert request.headers["x-amz-target"] == "ACMPrivateCA.IssueCertificate"
    assert request.json == {"Csr": "+/8=", "Nested": [{"Blob": "eA=="}]}


def test_botocore_signs_the_same_call_alike(far: FarSide) -> None:
    client = PrivySealClient(
        far.url, "AKIAEXAMPLE", "secret", region="eu-central-1", clock=FixedClock(NOW), session_token="token"
    )
    client.call("DescribeCertificateAuthority", {"CertificateAuthorityArn": "ä"})
    (request,) = far.received
    assert request.headers["x-amz-date"] == "20261121T120000Z"
    assert request.headers["x-amz-security-token"] == "token"
    assert request.headers["authorization"].endswith(botocore_signature(request, far.url, "acm-pca"))


@given(device=st.text(min_size=1, max_size=40), after=st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_botocore_signs_the_same_rest_call_alike(device: str, after: str) -> None:
    """Whatever stands in a path segment or in a query."""
    if device in {".", ".."} or any("\ud800" <= character <= "\udfff" for character in device + after):
        return
    with far_side() as far:
        client = PrivySealClient(far.url, "AKIAEXAMPLE", "secret", region="eu-central-1")
        client.rest("GET", f"/devices/{segment(device)}", query={"limit": 5, "after": after})
        (request,) = far.received
        assert request.headers["authorization"].endswith(botocore_signature(request, far.url, "privyseal"))


def test_a_refusal_on_the_aws_wire_keeps_its_name(client: PrivySealClient, far: FarSide) -> None:
    far.say(aws_error("InvalidStateException", "not in a valid state"))
    with pytest.raises(ApiError) as caught:
        client.call("IssueCertificate", {})
    error = caught.value
    assert (error.code, error.message, error.status) == ("InvalidStateException", "not in a valid state", 400)
    assert error.request_id == "request-1"


def test_a_refusal_of_our_own_api_keeps_its_code(client: PrivySealClient, far: FarSide) -> None:
    far.say(Answer({"error": {"code": "not-found", "message": "no such device", "request_id": "r2"}}, 404))
    with pytest.raises(ApiError) as caught:
        client.rest("GET", "/devices/x")
    assert (caught.value.code, caught.value.message) == ("not-found", "no such device")
    assert (caught.value.status, caught.value.request_id) == (404, "r2")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 100_000, b"\xff", b'{"error": "text"}'])
def test_a_refusal_in_any_other_form_is_still_an_api_error(
    client: PrivySealClient, far: FarSide, body: bytes
) -> None:
    far.say(Answer(body, 502))
    with pytest.raises(ApiError, match="HTTP status 502"):
        client.call("GetCertificate", {})
    with pytest.raises(ApiError, match="HTTP status 502"):
        client.rest("GET", "/devices")


def test_an_operation_without_output_is_answered_without_a_body(
    client: PrivySealClient, far: FarSide
) -> None:
    far.say(Answer(b""))
    assert client.call("ImportCertificateAuthorityCertificate", {}) == {}


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"null", b"\xff"])
def test_a_reply_that_is_no_json_object_is_refused(
    client: PrivySealClient, far: FarSide, body: bytes
) -> None:
    far.say(Answer(body))
    with pytest.raises(ClientError, match="not a JSON object"):
        client.call("GetCertificate", {})


def test_a_redirect_is_not_followed(client: PrivySealClient, far: FarSide) -> None:
    far.say(Answer({}, 307, {"Location": far.url + "/elsewhere"}))
    with pytest.raises(ApiError):
        client.call("GetCertificate", {})
    assert len(far.received) == 1


def test_a_proxy_in_the_environment_is_not_used(
    client: PrivySealClient, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client.call("GetCertificate", {})
    assert len(far.received) == 1


def test_a_listing_is_fetched_page_by_page(client: PrivySealClient, far: FarSide) -> None:
    far.say(Answer({"devices": [{"n": 1}], "next": "a&b"}), Answer({"devices": [{"n": 2}], "next": None}))
    assert [entry["n"] for entry in client.pages("/devices", "devices")] == [1, 2]
    assert [r.target for r in far.received] == [
        "/api/v1/devices?limit=100",
        "/api/v1/devices?after=a%26b&limit=100",
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listening_is_said_plainly() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError, match=f"nothing answers at {url}"):
        PrivySealClient(url, "id", "secret").call("GetCertificate", {})


@pytest.mark.parametrize(
    "reply", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
def test_a_broken_reply_is_no_reply(reply: bytes) -> None:
    """Nothing at all, something that is not HTTP, and a body that ends early."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="the exchange with"):
            PrivySealClient(url, "id", "secret").call("GetCertificate", {})
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://host",
        "http://",
        "http://user:pass@host",
        "http://host/path",
        "http://host?q=1",
        "http://host:port",
        "http://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(ClientError, match="URL"):
        PrivySealClient(url, "id", "secret")


@pytest.fixture(name="server_files")
def server_files_fixture(tmp_path: Path) -> Path:
    """A directory with a self-signed certificate for 127.0.0.1 and its key, in `server.pem`."""
    import ipaddress  # noqa: PLC0415
    from datetime import timedelta  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "far side")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "root.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(certificate.public_bytes(pem) + secret)
    return tmp_path


def test_tls_is_checked_against_the_bundle_and_nothing_else(server_files: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_files / "server.pem")
    with far_side(context) as far:
        trusting = PrivySealClient(far.url, "id", "secret", ca_bundle=str(server_files / "root.pem"))
        assert trusting.call("GetCertificate", {}) == {}
        with pytest.raises(UnreachableError, match="is not trusted") as caught:
            PrivySealClient(far.url, "id", "secret").call("GetCertificate", {})
        assert "PRIVYSEAL_CA_BUNDLE" in caught.value.advice
        assert len(far.received) == 1


def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"missing\.pem cannot be read"):
        PrivySealClient("https://127.0.0.1", "id", "secret", ca_bundle=str(tmp_path / "missing.pem"))
