"""`make bench`: what a certificate costs, from the signed call to the durable row.

Each line is one service, started fresh with one or two workers on SQLite with synchronous=FULL, under
signed IssueCertificate calls for distinct P-256 CSRs from a P-256 authority, with so many calls at a
time. CSRs are made and calls are signed before the clock starts; the load generator is one process on
the same machine. After the clock has stopped every certificate is fetched by its ARN, compared with its
CSR and verified up to the root; one that fails ends the run.

How to read it:

- Each line is measured in five parts. `µs CPU` is user and system time of the service's processes for each
  certificate, the median of the parts; `least` is the part that cost least. CPU time depends far less on
  what else runs than certificates per second do, and yet a neighbour that shares a processor's core, caches
  and memory raises it, Python's by half or more: least is nearer to what the code costs, the median to
  what this machine makes of it. `loop µs` is what the same small loop of Python took between the parts,
  from the least to the most: where these differ, the machine was not the same all the time.
- `generator` is what the load generator took away from the same two cores, for each certificate.
- The floor is one P-256 verification and one signature on this machine in the same run; no service can
  be cheaper. `x floor` is the service's median over that of `openssl speed`.
"""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import checking, floor, load, processes, requests
from tests.service import Service

CONCURRENCY = (1, 8, 64)
WORKERS = (1, 2)
WARM_UP = 300
PARTS = 5  # of each line
TARGET = 400.0  # µs of CPU at 64 calls at a time


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """Latencies in milliseconds, costs in microseconds for each certificate."""

    workers: int
    concurrency: int
    certificates: int
    per_second: float
    cpu: float
    cpu_least: float
    generator: float
    p50: float
    p99: float
    loop: tuple[float, float]  # least and most


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Some of a line's calls, one after another; seconds of CPU, and of a loop of Python before it."""

    outcome: load.Outcome
    used: float
    generator: float
    loop: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--certificates", type=int, default=6000, help="for each line [6000]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    least = floor.measure()
    lines = [line for workers in WORKERS for line in measure(workers, asked.certificates)]
    if asked.output == "json":
        print(json.dumps(_report(least, lines, before), indent=2))
    else:
        _show(least, lines, before)


def measure(workers: int, certificates: int) -> list[Line]:
    """All concurrencies against one service."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", "--workers", str(workers)).start()
        try:
            _run(service, workers, 8, WARM_UP)
            lines = [_run(service, workers, concurrency, certificates) for concurrency in CONCURRENCY]
            assert service.stop() == 0
        finally:
            service.kill()
    return lines


def _run(service: Service, workers: int, concurrency: int, certificates: int) -> Line:
    environment = service.environment
    asked = requests.csrs(f"c{concurrency}", certificates)
    calls = requests.issues(environment, asked)
    size = -(-certificates // PARTS)
    starts = range(0, certificates, size)
    parts = [_part(service, calls[start : start + size], concurrency) for start in starts]
    keys: dict[str, bytes] = {}
    for start, part in zip(starts, parts, strict=True):
        assert not part.outcome.cut
        for answer in part.outcome.answers:
            keys[checking.arn_in(answer)] = requests.public_key(asked[start + answer.request])
    assert len(keys) == certificates
    checking.check(checking.fetch(environment, list(keys)), keys)
    costs = [part.used / len(part.outcome.answers) * 1e6 for part in parts]
    answers = [answer for part in parts for answer in part.outcome.answers]
    times = statistics.quantiles((answer.seconds * 1e3 for answer in answers), n=100)
    return Line(
        workers=workers,
        concurrency=concurrency,
        certificates=certificates,
        per_second=certificates / sum(part.outcome.seconds for part in parts),
        cpu=statistics.median(costs),
        cpu_least=min(costs),
        generator=sum(part.generator for part in parts) / certificates * 1e6,
        p50=times[49],
        p99=times[98],
        loop=(min(part.loop for part in parts), max(part.loop for part in parts)),
    )


def _part(service: Service, calls: Sequence[bytes], concurrency: int) -> Part:
    assert service.process
    host, port = requests.address(service.environment)
    loop = floor.python_loop()
    pid, own = service.process.pid, time.process_time()
    used = processes.cpu_seconds(pid)
    outcome = load.run(host, port, load.one_after_another(calls), concurrency)
    used, own = processes.cpu_seconds(pid) - used, time.process_time() - own
    return Part(outcome, used, own, loop)


def _report(least: floor.Floor, lines: list[Line], load_before: float) -> dict[str, object]:
    return {
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load_average_before": load_before,
            "load_average_after": os.getloadavg()[0],
        },
        "floor_us": dataclasses.asdict(least),
        "lines": [dataclasses.asdict(line) for line in lines],
        "target_us_cpu_at_64": TARGET,
    }


def _show(least: floor.Floor, lines: list[Line], load_before: float) -> None:
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}, ", end="")
    print(f"load average {load_before:.1f} before and {os.getloadavg()[0]:.1f} after")
    print("Floor, µs of one core:       sign  verify  together")
    for what, sign, verify in (
        ("openssl speed ecdsap256", least.openssl_sign, least.openssl_verify),
        ("cryptography, in Python", least.python_sign, least.python_verify),
    ):
        print(f"  {what:24}  {sign:7.1f} {verify:7.1f} {sign + verify:9.1f}")
    print(f"This build of Python: {least.python_loop:.0f} µs for a thousand turns of a small loop.")
    print("IssueCertificate, P-256, durable (SQLite, synchronous=FULL):")
    print(
        "  workers  at a time  certificates/s   µs CPU  least  x floor  p50 ms  p99 ms  generator µs  loop µs"
    )
    together = least.openssl_sign + least.openssl_verify
    for line in lines:
        fastest, slowest = line.loop
        print(
            f"  {line.workers:7d}  {line.concurrency:9d}  {line.per_second:14.0f}  {line.cpu:7.0f}"
            f"  {line.cpu_least:5.0f}  {line.cpu / together:7.1f}  {line.p50:6.1f}  {line.p99:6.1f}"
            f"  {line.generator:12.0f}  {fastest:3.0f}-{slowest:.0f}"
        )
    print(f"Target: under {TARGET:.0f} µs CPU for each certificate at {CONCURRENCY[-1]} at a time.")
    print(f"All {sum(line.certificates for line in lines)} certificates were fetched and verified.")


if __name__ == "__main__":
    main()
