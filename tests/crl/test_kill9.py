"""`kill -9` while a CRL is being made: what is served is whole and valid, and no number comes back."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bench import processes
from privyseal.stores.sql import to_micros
from privyseal.x509.revoked import revoked_entry
from tests.crl.hierarchy import Authority, fetch
from tests.service import Service, patience

ROUNDS = 2
REVOKED = 300_000  # that are there before: a CRL then takes long enough to be killed in
CRL = {"Enabled": True, "ExpirationInDays": 7}
PUBLISHED_S = 60.0  # the promise, also after a crash


def fill(database: Path, authority_id: str) -> None:
    at, expires = datetime(2026, 1, 1, tzinfo=UTC), to_micros(datetime.now(UTC) + timedelta(days=300))
    rows = (
        (authority_id, "", expires, f"{serial:032x}", revoked_entry(serial, at, 4), to_micros(at))
        for serial in range(1 << 126, (1 << 126) + REVOKED)
    )
    connection = sqlite3.connect(database)
    with connection:
        connection.executemany(
            "INSERT INTO revocation (authority_id, partition, not_after, serial, entry, revoked_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    connection.close()


def kill_in_the_middle(service: Service, database: Path, before: set[str]) -> None:
    """All processes, as soon as chunks are stored of a CRL that is not published."""
    assert service.process
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    until = time.monotonic() + patience(PUBLISHED_S)
    while not documents(connection) - published(connection) - before:
        assert time.monotonic() < until, "no CRL was begun"
        time.sleep(0.002)
    processes.kill(processes.tree(service.process.pid))
    service.kill()
    assert documents(connection) - published(connection) - before, "it was finished before it was killed"
    connection.close()


def documents(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT DISTINCT document_id FROM crl_chunk")}


def published(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT id FROM crl_document")}


def checked(der: bytes, authority: Authority) -> tuple[int, x509.CertificateRevocationList]:
    """(number, CRL), whole and signed."""
    crl = x509.load_der_x509_crl(der)
    key = authority.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(key)
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number, crl


def test_a_crl_that_is_served_is_whole_however_its_maker_died(tmp_path: Path) -> None:
    """Each round revokes, kills in the middle of the making, and finds the old CRL, then the new one."""
    data = tmp_path / "data"
    service = Service(data).start()
    try:
        authority = Authority(service, "Root to be killed", None, CRL)
        number, _ = checked(fetch(authority.complete_url), authority)
        assert service.stop() == 0
        fill(data / "privyseal.db", authority.arn.rpartition("/")[2])
        service = Service(data).start()
        for turn in range(ROUNDS):
            authority.move_to(service)
            leaf = authority.leaf(f"device-{turn}")
            with closing(sqlite3.connect(data / "privyseal.db")) as connection:
                before = documents(connection)
            authority.revoke(leaf.serial)
            kill_in_the_middle(service, data / "privyseal.db", before)
            service = Service(data).start()
            authority.move_to(service)
            first, crl = checked(fetch(authority.complete_url), authority)
            assert first == number, "something unfinished was published"
            started = time.monotonic()
            while not crl.get_revoked_certificate_by_serial_number(leaf.serial):
                assert time.monotonic() < started + patience(PUBLISHED_S)
                time.sleep(0.3)
                newer, crl = checked(fetch(authority.complete_url), authority)
                assert newer >= number
                number = newer
            assert number > first
            assert len(crl) == REVOKED + turn + 1
        assert service.stop() == 0
    finally:
        service.kill()
