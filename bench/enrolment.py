"""What an enrolment costs, from a device's CSR to the durable certificate; and the same for bulk issue.

Enrolment is `POST /provision` of devices that are registered, each with a P-256 key and a CSR of its
own, so many calls at a time, against a service that was started fresh with one or two workers. Bulk
issue is the same kind of CSR given to the issuing of one process in lists, without HTTP in between:
what a bulk job can reach. CSRs are made before the clock starts; after it has stopped, every
certificate is compared with its CSR and its issuer. For how to read the figures see `bench.issue`.
"""

import argparse
import dataclasses
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bench import load, processes, requests
from privyseal import wiring
from privyseal.ca.requests import IssueRequest
from privyseal.caller import Caller
from privyseal.client.connection import Environment
from privyseal.errors import PrivySealError
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import Settings
from tests.service import Service

WORKERS = (1, 2)
AT_ONCE = 64
BATCH = 500
REGISTERED_AT_ONCE = 500
# One generator stands for a whole fleet, which has more than one address.
CONFIG = "[devices]\naddress-rate = 0\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """Costs in microseconds for each certificate, latencies of one call in milliseconds."""

    what: str
    workers: int
    at_once: int
    certificates: int
    per_second: float
    cpu: float
    p50: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--certificates", type=int, default=4000, help="for each line [4000]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    lines = list(_measure(asked.certificates))
    if asked.output == "json":
        machine = {"processors": os.cpu_count(), "load_average_before": before}
        print(
            json.dumps({"machine": machine, "lines": [dataclasses.asdict(line) for line in lines]}, indent=2)
        )
        return
    print(f"{os.cpu_count()} processors, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after")
    print("                      workers  at a time  certificates/s   µs CPU  p50 ms  p99 ms")
    for line in lines:
        print(
            f"  {line.what:18}  {line.workers:7d}  {line.at_once:9d}  {line.per_second:14.0f}"
            f"  {line.cpu:7.0f}  {line.p50:6.1f}  {line.p99:6.1f}"
        )
    print(f"All {sum(line.certificates for line in lines)} certificates were compared with their CSRs.")


def _measure(certificates: int) -> Iterator[Line]:
    for workers in WORKERS:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "privyseal.toml"
            config.write_text(CONFIG)
            options = ("--workers", str(workers), "--config", str(config))
            service = Service(Path(folder) / "data", *options).start()
            try:
                _enrol(service, workers, "warm", 300)
                yield _enrol(service, workers, "device", certificates)
                assert service.stop() == 0
            finally:
                service.kill()
            if workers == 1:
                yield _bulk(service.data_dir, service.environment, certificates)


def _enrol(service: Service, workers: int, prefix: str, count: int) -> Line:
    assert service.process
    environment = service.environment
    names = [f"{prefix}-{number}" for number in range(count)]
    csrs = [requests.csr(name) for name in names]
    _register(environment, names, csrs)
    host, port = requests.address(environment)
    calls = [_call(host, port, name, csr) for name, csr in zip(names, csrs, strict=True)]
    used = processes.cpu_seconds(service.process.pid)
    outcome = load.run(host, port, load.one_after_another(calls), AT_ONCE)
    used = processes.cpu_seconds(service.process.pid) - used
    assert len(outcome.answers) == count
    for answer in outcome.answers:
        assert answer.status == 200, answer.body
        found = json.loads(answer.body)
        _check(f"{found['certificate']}\n{found['certificate_chain']}".encode(), csrs[answer.request])
    times = statistics.quantiles((answer.seconds * 1e3 for answer in outcome.answers), n=100)
    return Line(
        "enrolment",
        workers,
        AT_ONCE,
        count,
        count / outcome.seconds,
        used / count * 1e6,
        times[49],
        times[98],
    )


def _bulk(data_dir: Path, environment: Environment, count: int) -> Line:
    """In this process, on the database of the service that has just ended."""
    assert environment.issuing_ca_arn
    csrs = requests.csrs("bulk", count)
    caller = Caller("arn:aws:iam::000000000000:user/bench", environment.issuing_ca_arn.split(":")[4], "bench")
    asked = [
        IssueRequest(caller, environment.issuing_ca_arn, csr, "SHA256WITHECDSA", ("DAYS", 30)) for csr in csrs
    ]
    with wiring.offline(DataDirectory(data_dir), Settings()) as parts:
        issue = parts.authorities.issuance.issue
        issue(asked[:1])
        times, cpu = [], time.process_time()
        ders: list[bytes] = []
        for start in range(0, count, BATCH):
            began = time.perf_counter()
            for result in issue(asked[start : start + BATCH]):
                assert not isinstance(result, PrivySealError), result
                ders.append(result.der)
            times.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
    for der, csr in zip(ders, csrs, strict=True):
        assert requests.spki(x509.load_der_x509_certificate(der)) == requests.public_key(csr)
    p50, p99 = statistics.median(times) * 1e3, max(times) * 1e3
    return Line("bulk issue, 1 core", 1, BATCH, count, count / sum(times), cpu / count * 1e6, p50, p99)


def _register(environment: Environment, names: Sequence[str], csrs: Sequence[bytes]) -> None:
    client = environment.client()
    rows = [_row(name, csr) for name, csr in zip(names, csrs, strict=True)]
    for start in range(0, len(rows), REGISTERED_AT_ONCE):
        reply = client.rest("POST", "/devices", {"devices": rows[start : start + REGISTERED_AT_ONCE]})
        assert reply["errors"] == []


def _row(name: str, csr: bytes) -> Mapping[str, str]:
    key = x509.load_pem_x509_csr(csr).public_key()
    text = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"device_id": name, "public_key": text.decode()}


def _call(host: str, port: int, device_id: str, csr: bytes) -> bytes:
    body = json.dumps({"csr": csr.decode(), "device_id": device_id}).encode()
    lines = (
        "POST /provision HTTP/1.1",
        f"Host: {host}:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + body


def _check(pem: bytes, csr: bytes) -> None:
    leaf, issuer, *_ = x509.load_pem_x509_certificates(pem)
    assert requests.spki(leaf) == requests.public_key(csr)
    leaf.verify_directly_issued_by(issuer)


if __name__ == "__main__":
    main()
