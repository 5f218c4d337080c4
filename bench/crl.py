"""A CRL of 1,000,000 entries, rebuilt and published after one more revocation.

The service is the real one, with one worker, on SQLite with synchronous=FULL, and the revocation is a
signed RevokeCertificate. The million rows before it are inserted into the table `revocation` directly,
as revoking that many certificates would leave them: random 128-bit serials, reasons in turn, encoded
by the product's own code.

How to read it:

- `rebuild` is the CPU time of all processes of the service from the revocation to the moment when the
  new CRL is what is served: reading a million rows, storing 48 MB in chunks, hashing and signing them.
  `wall` is how long that took, the second in which revocations are gathered included.
- `memory` is how much the worker's resident set grew at its peak, over what it was before.
- `download` is the CPU time that serving the whole of it takes once.
- The floor is measured in this process in the same run: SELECT of so many rows from the same file,
  SHA-256 over so many bytes and one P-256 signature, and writing so many bytes to SQLite in chunks.
- What is served is then read by `cryptography`, every entry, and its signature verified.
"""

import argparse
import hashlib
import json
import os
import random
import sqlite3
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench import processes, requests
from privyseal.stores.sql import to_micros
from privyseal.x509.revoked import revoked_entry
from tests.service import Service

TARGET_CPU_S = 5.0
REASONS = (0, 1, 3, 4, 5, 9)
CRL = {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7}}
PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Result:
    entries: int
    octets: int
    rebuild_cpu_s: float
    wall_s: float
    memory_mb: float
    download_cpu_s: float
    floor_select_s: float
    floor_hash_and_sign_s: float
    floor_write_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000, help="before the revocation [1000000]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    result = measure(asked.entries)
    if asked.output == "json":
        machine = {"processors": os.cpu_count(), "load_average_before": before}
        print(json.dumps({"machine": machine, **asdict(result)}, indent=2))
    else:
        _show(result, before)


def measure(entries: int) -> Result:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(folder / "data").start()
        try:
            arn = service.environment.issuing_ca_arn
            assert arn
            _enable(service, arn)
            assert service.stop() == 0
            _insert(folder / "data" / "privyseal.db", arn.rpartition("/")[2], entries)
            service = Service(folder / "data").start()
            return _rebuild(service, arn, entries, folder)
        finally:
            service.kill()


def _enable(service: Service, arn: str) -> None:
    members = {"CertificateAuthorityArn": arn, "RevocationConfiguration": CRL}
    service.environment.client().call("UpdateCertificateAuthority", members)
    _wait_for_another(_url(service, arn), None)


def _insert(database: Path, authority_id: str, entries: int) -> None:
    chance, at = random.Random(1), datetime(2026, 1, 1, tzinfo=UTC)
    expires = to_micros(datetime.now(UTC) + timedelta(days=365))

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(entries):
            serial = chance.getrandbits(127) | 1 << 126
            entry = revoked_entry(serial, at, REASONS[number % len(REASONS)])
            yield authority_id, "", expires, f"{serial:032x}", entry, to_micros(at)

    connection = sqlite3.connect(database)
    with connection:
        connection.executemany(
            "INSERT INTO revocation (authority_id, partition, not_after, serial, entry, revoked_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows(),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rebuild(service: Service, arn: str, entries: int, folder: Path) -> Result:
    assert service.process
    client, url, pid = service.environment.client(), _url(service, arn), service.process.pid
    issued = client.call(
        "IssueCertificate",
        {
            "CertificateAuthorityArn": arn,
            "Csr": requests.csr("one-more"),
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Validity": {"Value": 30, "Type": "DAYS"},
        },
    )
    serial = issued["CertificateArn"].rpartition("/")[2]
    old = _tag(url)
    workers = [each for each in processes.tree(pid) if each != pid]
    for each in workers:
        Path(f"/proc/{each}/clear_refs").write_text("5")  # the peak of the resident set begins anew
    resident = sum(_memory(each, "VmRSS") for each in workers)
    used, started = processes.cpu_seconds(pid), time.monotonic()
    revoked = {"CertificateAuthorityArn": arn, "CertificateSerial": serial, "RevocationReason": "SUPERSEDED"}
    client.call("RevokeCertificate", revoked)
    _wait_for_another(url, old)
    wall, used = time.monotonic() - started, processes.cpu_seconds(pid) - used
    peak = sum(_memory(each, "VmHWM") for each in workers)
    serving = processes.cpu_seconds(pid)
    with urllib.request.urlopen(url) as answer:
        der = answer.read()
    serving = processes.cpu_seconds(pid) - serving
    _check(der, client, arn, entries, int(serial, 16))
    select, signing, writing = _floors(folder, len(der))
    assert service.stop() == 0
    return Result(
        entries=entries + 1,
        octets=len(der),
        rebuild_cpu_s=used,
        wall_s=wall,
        memory_mb=(peak - resident) / 1024,
        download_cpu_s=serving,
        floor_select_s=select,
        floor_hash_and_sign_s=signing,
        floor_write_s=writing,
    )


def _check(der: bytes, client: Any, arn: str, entries: int, serial: int) -> None:
    found = x509.load_der_x509_crl(der)
    pem = client.call("GetCertificateAuthorityCertificate", {"CertificateAuthorityArn": arn})["Certificate"]
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(key)
    assert len(found) == entries + 1
    assert found.get_revoked_certificate_by_serial_number(serial)


def _floors(folder: Path, octets: int) -> tuple[float, float, float]:
    """(select, hash and sign, write), seconds of CPU."""
    database = folder / "data" / "privyseal.db"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    started = time.process_time()
    count = sum(1 for _ in connection.execute("SELECT entry FROM revocation"))
    select = time.process_time() - started
    assert count
    connection.close()
    key, data = ec.generate_private_key(ec.SECP256R1()), bytes(octets)
    started = time.process_time()
    hashlib.sha256(data).digest()
    key.sign(bytes(32), ec.ECDSA(hashes.SHA256()))
    signing = time.process_time() - started
    scratch = sqlite3.connect(folder / "floor.db", isolation_level=None)
    scratch.execute("PRAGMA journal_mode = WAL")
    scratch.execute("CREATE TABLE chunk (seq BIGINT PRIMARY KEY, content BLOB)")
    size = 256 * 1024
    started = time.process_time()
    for seq in range(octets // size):
        scratch.execute("INSERT INTO chunk VALUES (?, ?)", (seq, data[:size]))
    writing = time.process_time() - started
    scratch.close()
    return select, signing, writing


def _url(service: Service, arn: str) -> str:
    return f"{service.url}/crl/{arn.rpartition('/')[2]}.crl"


def _tag(url: str) -> str | None:
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request) as answer:
            return str(answer.headers["ETag"])
    except urllib.error.HTTPError as error:
        error.close()
        return None


def _wait_for_another(url: str, old: str | None) -> None:
    until = time.monotonic() + PATIENCE_S
    while _tag(url) in {None, old}:
        assert time.monotonic() < until, "no new CRL"
        time.sleep(0.1)


def _memory(pid: int, member: str) -> int:
    """KB of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{member}:"))


def _show(result: Result, load_before: float) -> None:
    floor = result.floor_select_s + result.floor_hash_and_sign_s + result.floor_write_s
    print(f"{os.cpu_count()} processors, ", end="")
    print(f"load average {load_before:.1f} before and {os.getloadavg()[0]:.1f} after")
    print(f"A CRL of {result.entries:,} entries, {result.octets / 1e6:.1f} MB, after one more revocation:")
    print(
        f"  rebuilt and published     {result.rebuild_cpu_s:6.2f} s CPU  ({result.wall_s:.1f} s wall), "
        f"{result.rebuild_cpu_s / floor:.1f} x floor; target {TARGET_CPU_S:.0f} s"
    )
    print(f"  peak memory growth        {result.memory_mb:6.1f} MB")
    print(f"  served once               {result.download_cpu_s:6.2f} s CPU")
    print(
        f"  floor                     {floor:6.2f} s CPU: select {result.floor_select_s:.2f}, "
        f"hash and sign {result.floor_hash_and_sign_s:.2f}, write {result.floor_write_s:.2f}"
    )
    print("The CRL was read entry by entry and its signature verified.")


if __name__ == "__main__":
    main()
