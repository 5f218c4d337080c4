"""`privyseal cert revoke`, `hold`, `release`: what is sent for what is typed, and what is said of it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privyseal.client import ClientError
from privyseal.client.keys import public_key_sha256
from tests.cli.authority import Authority
from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import Answer, FarSide

ARN = f"{ISSUING_ARN}/certificate/{0xABC:032x}"
KEY = ec.generate_private_key(ec.SECP256R1())
DIGEST = hashlib.sha256(
    KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).hexdigest()


def reply(*, changed: bool = True, reason: str | None = "KEY_COMPROMISE") -> Answer:
    certificate = {
        "arn": ARN,
        "serial": f"{0xABC:032x}",
        "subject": "CN=app\u001b[2J",
        "changed": changed,
        "revoked_at": "2026-02-01T00:00:00Z",
        "revocation_reason": reason,
        "invalidity_date": None,
    }
    return Answer(
        {"dry_run": False, "changed": 1, "results": [{"certificates": [certificate]}], "errors": []}
    )


def row(far: FarSide) -> Any:
    (request,) = far.received
    body = request.json
    ((row,),) = [value for value in body.values() if isinstance(value, list)]
    return row


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([ARN], ARN),
        (["--serial", "0A:BC"], ARN),
        (["--serial", "abc", "--ca", ROOT_ARN], f"{ROOT_ARN}/certificate/{0xABC:032x}"),
    ],
)
def test_a_certificate_is_named_by_arn_or_serial(
    shell: Shell, far: FarSide, arguments: list[str], named: str
) -> None:
    far.say(reply())
    outcome = shell("cert", "revoke", *arguments, "--reason", "key-compromise")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"revoked {ARN} CN=app\\u{{1b}}[2J\n"
    assert far.received[0].target == "/api/v1/revocations"
    assert row(far) == {"certificate_arn": named, "reason": "KEY_COMPROMISE"}


def test_a_device_is_named_by_its_id(shell: Shell, far: FarSide) -> None:
    far.say(reply())
    assert shell("cert", "revoke", "--device", "sensor-1").code == 0
    assert row(far) == {"device_id": "sensor-1", "reason": "UNSPECIFIED"}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T12:30:00Z", "2026-11-20T12:30:00Z"),
        ("2026-11-20T12:30:00+02:00", "2026-11-20T10:30:00Z"),
    ],
)
def test_an_invalidity_date_is_a_date_or_a_time(shell: Shell, far: FarSide, text: str, sent: str) -> None:
    far.say(reply())
    assert shell("cert", "revoke", ARN, "--invalidity-date", text).code == 0
    assert row(far)["invalidity_date"] == sent


def test_hold_and_release(shell: Shell, far: FarSide) -> None:
    far.say(reply(reason="CERTIFICATE_HOLD"), reply(reason=None))
    assert shell("cert", "hold", ARN).out.startswith("held ")
    assert row(far) == {"certificate_arn": ARN, "reason": "CERTIFICATE_HOLD"}
    far.received.clear()
    assert shell("cert", "release", ARN).out.startswith("released ")
    assert far.received[0].target == "/api/v1/releases"
    assert row(far) == {"certificate_arn": ARN}


def test_a_dry_run_says_what_would_be(shell: Shell, far: FarSide) -> None:
    far.say(reply())
    assert shell("cert", "revoke", ARN, "--dry-run").out.startswith("would be revoked ")
    assert far.received[0].json["dry_run"] is True


def test_what_stays_as_it_is_is_said(shell: Shell, far: FarSide) -> None:
    far.say(reply(changed=False, reason="SUPERSEDED"))
    assert shell("cert", "revoke", "--device", "sensor-1").out.startswith("left as it is (SUPERSEDED): ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [ARN, "--serial", "ab"],
        [ARN, "--ca", ROOT_ARN],
        [ARN, "--device", "sensor-1"],
        [ARN, "--reason", "boredom"],
        [ARN, "--reason", "certificate-hold"],
        [ARN, "--invalidity-date", "soon"],
        ["--key-of", "nothing.pem"],
    ],
)
def test_revoke_says_what_it_did_not_understand(shell: Shell, far: FarSide, arguments: list[str]) -> None:
    assert shell("cert", "revoke", *arguments).code == 2
    assert far.received == []


def test_a_refusal_is_a_failure(shell: Shell, far: FarSide) -> None:
    error = {"index": 0, "code": "already-done", "message": "The certificate is already revoked."}
    far.say(Answer({"dry_run": False, "changed": 0, "results": [], "errors": [error]}))
    outcome = shell("cert", "revoke", ARN)
    assert outcome.code == 1
    assert outcome.err == "error: already-done: The certificate is already revoked.\n"


def _private(kind: serialization.PrivateFormat, key: Any = KEY) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, kind, serialization.NoEncryption()))


def _csr() -> bytes:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


@pytest.mark.parametrize(
    "pem",
    [
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        _private(serialization.PrivateFormat.PKCS8),
        _private(serialization.PrivateFormat.TraditionalOpenSSL),
        _csr(),
        b"the device's key, as found\n" + _csr() + _private(serialization.PrivateFormat.PKCS8),
    ],
)
def test_a_key_is_read_from_whatever_has_it(shell: Shell, far: FarSide, pem: bytes) -> None:
    """And nothing of it but its digest is sent."""
    (shell.directory / "found.pem").write_bytes(pem)
    far.say(reply())
    assert shell("cert", "revoke", "--key-of", "found.pem").code == 0
    assert row(far) == {"public_key_sha256": DIGEST, "reason": "UNSPECIFIED"}


def test_the_key_of_a_certificate_is_its_own_and_not_its_issuers() -> None:
    certificate = Authority().issuing
    spki = (
        x509.load_pem_x509_certificate(certificate.encode())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    assert public_key_sha256(certificate.encode()) == hashlib.sha256(spki).hexdigest()


def test_an_rsa_key_in_its_old_form_is_read() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = _private(serialization.PrivateFormat.TraditionalOpenSSL, key)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_key_sha256(pem) == hashlib.sha256(spki).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        KEY.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        ),
    ],
)
def test_a_file_without_a_readable_key_is_refused(content: bytes, tmp_path: Path) -> None:
    assert tmp_path
    with pytest.raises(ClientError):
        public_key_sha256(content)
