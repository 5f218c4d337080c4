"""What ExportCertificate hands out, judged by OpenSSL and by arithmetic, and what stays at rest."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.errors import ErrorCode
from privyseal.managed.keys import ManagedKeys
from privyseal.stores.sql import sql
from privyseal.wrapping import Wrapper
from privyseal.x509 import der, pem
from tests.ca.fakes import KEK
from tests.ca.world import CALLER, STRANGER
from tests.managed.kept import DAY, PASSPHRASE, Kept

Refused = Callable[..., str]


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("algorithm", ["RSA_2048", "EC_prime256v1", "EC_secp384r1"])
def test_openssl_opens_the_key_with_the_passphrase_and_it_fits(
    kept: Kept, tmp_path: Path, algorithm: str
) -> None:
    arn = kept.issued(kept.authority(), key_algorithm=algorithm)
    exported = kept.managed.exporting.export(CALLER, arn, PASSPHRASE)
    for name, text in (
        ("key", exported.private_key),
        ("cert", exported.certificate),
        ("chain", exported.chain),
    ):
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "word").write_bytes(PASSPHRASE)
    key = openssl("pkey", "-in", str(tmp_path / "key"), "-passin", f"file:{tmp_path / 'word'}", "-pubout")
    assert key == openssl("x509", "-in", str(tmp_path / "cert"), "-noout", "-pubkey")
    assert "OK" in openssl("verify", "-CAfile", str(tmp_path / "chain"), str(tmp_path / "cert"))
    parsed = openssl("asn1parse", "-in", str(tmp_path / "key"))
    assert all(word in parsed for word in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"))
    assert exported.private_key.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert exported.certificate not in (exported.chain or "")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=4, max_size=128))
def test_any_passphrase_of_4_to_128_bytes_opens_it_and_no_other_does(
    tmp_path: Path, passphrase: bytes
) -> None:
    keys = ManagedKeys(Wrapper(KEK))
    wrapped, key = keys.create("some-id", "EC_prime256v1")
    text = keys.export("some-id", wrapped, passphrase)
    opened = load_der_private_key(decrypted(text, passphrase, tmp_path), None)
    assert opened.public_key() == key.public_key()
    # Another one does not differ in NULs at the end, with which HMAC pads its key (RFC 2104 §2).
    for other in (passphrase + b"x", bytes((passphrase[0] ^ 1,)) + passphrase[1:]):
        assert not same_key(text, other, tmp_path, key.public_key())


def same_key(text: str, passphrase: bytes, folder: Path, public: object) -> bool:
    try:
        return load_der_private_key(decrypted(text, passphrase, folder), None).public_key() == public
    except (subprocess.CalledProcessError, ValueError):
        return False


def decrypted(text: str, passphrase: bytes, folder: Path) -> bytes:
    """RFC 8018 §6.2, step by step: PBKDF2 by hashlib, AES by OpenSSL."""
    outer = der.single(pem.single_block(text.encode(), "ENCRYPTED PRIVATE KEY"), der.SEQUENCE).children()
    kdf, cipher = outer[0].children()[1].children()
    salt, rounds = kdf.children()[1].children()[:2]
    secret = hashlib.pbkdf2_hmac("sha256", passphrase, salt.content, der.read_integer(rounds), 32)
    vector = cipher.children()[1].content
    (folder / "body").write_bytes(outer[1].content)
    how = ["enc", "-d", "-aes-256-cbc", "-K", secret.hex(), "-iv", vector.hex(), "-in", str(folder / "body")]
    return subprocess.run(["openssl", *how], check=True, capture_output=True).stdout


@pytest.mark.parametrize("length", [0, 3, 129])
def test_other_lengths_are_refused(kept: Kept, refused: Refused, length: int) -> None:
    arn = kept.issued(kept.authority())
    refused(ErrorCode.VALIDATION, kept.managed.exporting.export, CALLER, arn, bytes(length))
    assert kept.row(arn).exported_at is None


def test_what_is_not_issued_yet_cannot_be_exported(kept: Kept, refused: Refused) -> None:
    arn = kept.request(kept.authority())
    refused(ErrorCode.IN_PROGRESS, kept.export, arn)


def test_what_has_failed_or_expired_cannot_be_exported(kept: Kept, refused: Refused) -> None:
    failed = kept.issued(kept.world.create())
    assert "FAILED" in refused(ErrorCode.VALIDATION, kept.export, failed)
    expired = kept.issued(kept.authority())
    kept.wait(396 * DAY)
    assert "EXPIRED" in refused(ErrorCode.VALIDATION, kept.export, expired)


def test_a_stranger_exports_nothing(kept: Kept, refused: Refused) -> None:
    arn = kept.issued(kept.authority())
    refused(ErrorCode.NOT_FOUND, kept.managed.exporting.export, STRANGER, arn, PASSPHRASE)


def test_an_export_is_on_record_before_the_key_is_handed_out(kept: Kept, refused: Refused) -> None:
    arn = kept.issued(kept.authority())
    kept.store.commits_to_lose = 1
    refused(ErrorCode.UNAVAILABLE, kept.export, arn)
    assert kept.entries("acm:ExportCertificate") == []
    kept.export(arn)
    (told,) = kept.entries("acm:ExportCertificate", arn)
    assert told["certificate"]["exported"] is True


def test_an_export_that_a_renewal_overtakes_hands_out_the_new_certificate(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    kept.managed.renewing.force(CALLER, arn)
    kept.store.before_commit = lambda: kept.run("managed.renew")
    exported = kept.managed.exporting.export(CALLER, arn, PASSPHRASE)
    row = kept.row(arn)
    assert row.material is not None
    assert exported.certificate == pem.to_pem(row.material.der)
    assert row.exported_at is not None


def test_no_plain_key_is_in_the_database_or_the_journal(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    row = kept.row(arn)
    assert row.material is not None
    plain = Wrapper(KEK).unwrap(
        row.material.key_wrapped, table="managed_certificate", row=row.arn.id, column="key_wrapped"
    )
    secret = load_der_private_key(plain, None).private_numbers().private_value.to_bytes(32)  # type: ignore[union-attr]
    tables = kept.store.view(lambda tx: sql(tx).rows("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    for table in tables:
        for stored in kept.store.view(lambda tx, name=table["name"]: sql(tx).rows(f"SELECT * FROM {name}")):  # type: ignore[misc]
            for value in tuple(stored):
                octets = value.encode() if isinstance(value, str) else value
                assert not isinstance(octets, bytes) or secret not in octets
                assert not isinstance(octets, bytes) or secret.hex().encode() not in octets


def test_what_is_exported_does_not_show_in_a_log(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    exported = kept.managed.exporting.export(CALLER, arn, PASSPHRASE)
    assert "PRIVATE" not in repr(exported)


def test_a_key_that_is_copied_to_another_row_does_not_open(kept: Kept, refused: Refused) -> None:
    keys = ManagedKeys(Wrapper(KEK))
    wrapped, _ = keys.create("one", "EC_prime256v1")
    refused(ErrorCode.UNAVAILABLE, keys.export, "another", wrapped, PASSPHRASE)
