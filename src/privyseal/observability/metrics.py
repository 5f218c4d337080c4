"""Counters and histograms in Prometheus's text format, summed over all worker processes.

prometheus-client's multi-process mode keeps each process's numbers in files of a folder that
PROMETHEUS_MULTIPROC_DIR names; it has to be set before the library is imported, which is why
nothing else imports it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from privyseal import log
from privyseal.scratch import remove_leftovers, scratch_folder

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Where files live in memory (Linux); elsewhere the folder for temporary files is taken.
_IN_MEMORY = (Path("/dev/shm"),)  # noqa: S108 - a folder of our own is made in it, with mode 0700

# What is counted: name → (published name, help, labels). Labels have few values each, never an ARN.
COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "http_requests": (
        "privyseal_http_requests",
        "Requests answered, by front-end, operation and outcome",
        ("frontend", "operation", "outcome"),
    ),
    "audit_checkpoints": (
        "privyseal_audit_checkpoints",
        "Checkpoints of the audit trail: signed, failed, or held up by a broken row",
        ("outcome",),
    ),
    "audit_exports": (
        "privyseal_audit_exports",
        "Checkpoints that the sink was given: kept or failed",
        ("outcome",),
    ),
    "job_runs": (
        "privyseal_job_runs",
        "Runs of recurring jobs that have ended: done or failed",
        ("job", "outcome"),
    ),
    "certificates_issued": (
        "privyseal_certificates_issued",
        "Certificates that authorities have issued, by the AWS service that has asked, or none",
        ("service",),
    ),
    "issuing_refused": (
        "privyseal_issuing_refused",
        "Requests that issuing has refused, by the code of the error",
        ("code",),
    ),
    "managed_attempts": (
        "privyseal_managed_attempts",
        "Attempts to issue or renew managed certificates: done or refused",
        ("action", "outcome"),
    ),
    "events": ("privyseal_events", "Events told of the journal, by their source", ("source",)),
    "event_deliveries": (
        "privyseal_event_deliveries",
        "Attempts to give an event to a target: delivered, failed (it is tried again) or dead",
        ("outcome",),
    ),
}
HISTOGRAMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "http_request_seconds": (
        "privyseal_http_request_seconds",
        "Time to answer a request, in seconds",
        ("frontend", "operation"),
    ),
    "job_seconds": ("privyseal_job_seconds", "Time that a run of a job has taken, in seconds", ("job",)),
    "job_lag_seconds": (
        "privyseal_job_lag_seconds",
        "Time from when a job was woken or seen to be due to the beginning of its run, in seconds",
        ("job",),
    ),
}


class PrometheusMeter:
    """Implements `privyseal.meter.Meter`. Made once per process, inside `folder`."""

    def __init__(self) -> None:
        import prometheus_client  # noqa: PLC0415 - reads the environment when it is imported
        from prometheus_client import values  # noqa: PLC0415

        # Otherwise it asks the kernel for the process's number, each time that it counts.
        process = os.getpid()
        values.ValueClass = values.MultiProcessValue(lambda: process)  # type: ignore[no-untyped-call]

        self._counters = {n: prometheus_client.Counter(*row) for n, row in COUNTERS.items()}
        self._histograms = {n: prometheus_client.Histogram(*row) for n, row in HISTOGRAMS.items()}
        self._children: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}
        self._answered: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        self._lock = Lock()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        if child := self._child(self._counters, name, labels):
            child.inc(amount)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        if child := self._child(self._histograms, name, labels):
            child.observe(seconds)

    def answered(self, frontend: str, operation: str, outcome: str, seconds: float) -> None:
        """For each request: one look-up, where `count` and `observe` take two."""
        told = self._answered.get((frontend, operation, outcome))
        if told is None:
            labels = {"frontend": frontend, "operation": operation}
            number = self._child(self._counters, "http_requests", {**labels, "outcome": outcome})
            time = self._child(self._histograms, "http_request_seconds", labels)
            told = number, time
            if number and time:
                self._answered[frontend, operation, outcome] = told
        number, time = told
        if number:
            number.inc()
        if time:
            time.observe(seconds)

    def _child(self, family: dict[str, Any], name: str, labels: dict[str, str]) -> Any:
        """Looking a labelled child up costs more than counting, so children are kept.

        None when its file cannot be made (no descriptors left): a number is lost, never a request.
        """
        key = (name, tuple(labels.items()))
        child = self._children.get(key)
        if child is None:
            try:
                with self._lock:
                    child = self._children.setdefault(key, family[name].labels(**labels))
            except OSError as error:
                log.warning("a number was not counted", error=str(error))
        return child


@contextmanager
def folder() -> Iterator[None]:
    """A folder for this start's numbers, which worker processes inherit by the variable.

    The files are mapped into memory, and writing to a mapped file on a full disk ends the process
    (SIGBUS): so they are not where the database is, but in memory where the system has such a place.
    """
    place = next((each for each in _IN_MEMORY if os.access(each, os.W_OK)), None)
    remove_leftovers(place)
    with scratch_folder(place) as path:
        os.environ[FOLDER_VARIABLE] = str(path)
        yield


def render() -> bytes:
    """The exposition of all processes together."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
