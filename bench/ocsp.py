"""What an OCSP answer costs: one that is kept, one that is signed for its nonce, and nothing but HTTP.

One worker process and one P-256 authority. Requests are made before the clock starts; the load
generator is one process on the same machine. After the clock has stopped every answer is read: its
CertID and nonce are those of its request, its status is good, and its signature is the responder's.

How to read it:

- `µs CPU` is user and system time of the service's processes for each answer. It is the figure to keep.
- `bare HTTP` is uvicorn with an application that gives everybody the same octets: what no answer over
  HTTP can be cheaper than here. It runs in the same minute, with the same requests and as many octets.
- The floor of a fresh answer is that and one P-256 signature.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from bench import floor, load, processes
from tests.e2e import boto
from tests.ocsp import wire
from tests.ocsp.deployment import Deployment
from tests.service import Service

CONCURRENCY = (1, 8, 64)
CERTIFICATES = 200
WARM_UP = 500
KEPT_SHARE = 0.5  # of the rate of bare HTTP, at least
FRESH_CPU = 150.0  # µs, at most, at 64 connections


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    what: str
    concurrency: int
    answers: int
    per_second: float
    cpu: float  # µs for each answer, like the next one
    generator: float


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One request as it goes over the wire, and what its answer must repeat."""

    http: bytes
    serial: int
    nonce: bytes | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--answers", type=int, default=10_000, help="for each line [10000]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    least = floor.measure()
    lines = measure(asked.answers)
    if asked.output == "json":
        print(json.dumps({"floor_us": dataclasses.asdict(least), "lines": [*map(dataclasses.asdict, lines)]}))
    else:
        _show(least, lines)


def measure(answers: int) -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(folder / "data").start()
        try:
            with boto.client(service) as pca:
                deployment = Deployment(service, pca, folder)
                deployment.enable()
                leaves = [deployment.leaf(f"leaf-{n}") for n in range(CERTIFICATES)]
            lines = _lines(service, deployment, [leaf.certificate for leaf in leaves], answers)
            assert service.stop() == 0
        finally:
            service.kill()
    return lines


def _lines(
    service: Service, deployment: Deployment, certificates: Sequence[x509.Certificate], answers: int
) -> list[Line]:
    assert service.process
    pid, issuer, url = service.process.pid, deployment.issuer, deployment.url
    kept = [_post(url, each, issuer) for each in certificates]
    got = [_get(url, each, issuer) for each in certificates]
    size = len(_run(url, pid, "", 8, kept * (WARM_UP // CERTIFICATES + 1), issuer)[1][0])
    lines = []
    for concurrency in CONCURRENCY:
        repeated = kept * (answers // len(kept))
        with _bare(size) as (bare_url, bare_pid):
            lines.append(_run(bare_url, bare_pid, "bare HTTP", concurrency, repeated, None)[0])
        lines.append(_run(url, pid, "kept, POST", concurrency, repeated, issuer)[0])
        again = got * (answers // len(got))
        lines.append(_run(url, pid, "kept, GET", concurrency, again, issuer)[0])
        fresh = [_post(url, certificates[n % len(certificates)], issuer, nonce=True) for n in range(answers)]
        lines.append(_run(url, pid, "fresh, POST", concurrency, fresh, issuer)[0])
    return lines


def _run(
    url: str, pid: int, what: str, concurrency: int, asked: Sequence[Asked], issuer: x509.Certificate | None
) -> tuple[Line, list[bytes]]:
    address = urlsplit(url)
    assert address.hostname
    own, used = time.process_time(), processes.cpu_seconds(pid)
    outcome = load.run(
        address.hostname, address.port or 80, load.one_after_another([a.http for a in asked]), concurrency
    )
    used, own = processes.cpu_seconds(pid) - used, time.process_time() - own
    assert not outcome.cut
    assert len(outcome.answers) == len(asked)
    if issuer:
        _check(outcome.answers, asked, issuer)
    count = len(asked)
    line = Line(what, concurrency, count, count / outcome.seconds, used / count * 1e6, own / count * 1e6)
    return line, [answer.body for answer in outcome.answers]


def _check(answers: Sequence[load.Answer], asked: Sequence[Asked], issuer: x509.Certificate) -> None:
    verified: set[bytes] = set()
    for answer in answers:
        assert answer.status == 200
        if answer.body in verified and asked[answer.request].nonce is None:
            continue
        found = ocsp.load_der_ocsp_response(answer.body)
        (responder,) = found.certificates
        key = responder.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        responder.verify_directly_issued_by(issuer)
        key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert found.serial_number == asked[answer.request].serial
        nonces = [each.value.nonce for each in found.extensions if isinstance(each.value, x509.OCSPNonce)]
        assert nonces == [each for each in (asked[answer.request].nonce,) if each]
        verified.add(answer.body)


def _post(url: str, certificate: x509.Certificate, issuer: x509.Certificate, *, nonce: bool = False) -> Asked:
    sent = secrets.token_bytes(16) if nonce else None
    body = wire.request(certificate, issuer, nonce=sent)
    head = (
        f"POST /ocsp HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/ocsp-request\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Asked(head.encode() + body, certificate.serial_number, sent)


def _get(url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> Asked:
    path = wire.path(wire.request(certificate, issuer))
    head = f"GET /ocsp/{path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n"
    return Asked(head.encode(), certificate.serial_number)


@contextlib.contextmanager
def _bare(size: int) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "bench.bare", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/ocsp", process.pid
        finally:
            process.terminate()


def _show(least: floor.Floor, lines: Sequence[Line]) -> None:
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}, ", end="")
    print(f"load average {os.getloadavg()[0]:.1f} after")
    print(f"P-256 signature, µs: openssl speed {least.openssl_sign:.1f}, from Python {least.python_sign:.1f}")
    print("OCSP answers, one worker:")
    print("  what          at a time  answers/s   µs CPU  of bare HTTP's rate  generator µs")
    bare = {line.concurrency: line.per_second for line in lines if line.what == "bare HTTP"}
    for line in lines:
        share = line.per_second / bare[line.concurrency]
        print(
            f"  {line.what:12}  {line.concurrency:9d}  {line.per_second:9.0f}  {line.cpu:7.1f}"
            f"  {share:19.0%}  {line.generator:12.1f}"
        )
    print(
        f"Target: kept at {KEPT_SHARE:.0%} or more of bare HTTP's rate; fresh {FRESH_CPU:.0f} µs CPU at most."
    )
    print(f"All {sum(line.answers for line in lines if line.what != 'bare HTTP')} answers were verified.")


if __name__ == "__main__":
    main()
