"""Numbers that are read when they are asked for: they are the same whichever process answers."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version

from privyseal.events.repositories import Backlog
from privyseal.jobs.model import Standing
from privyseal.jobs.overview import Seen
from privyseal.managed.tally import Tally
from privyseal.observability.exposition import family

# Deliveries are counted so far: a hundred times as many are no other news.
MOST_DELIVERIES = 10_000

# Gauges of jobs: name → help, and what the row of a job says; None: no such value yet.
_JOB_GAUGES: Mapping[str, tuple[str, Callable[[Standing], float | None]]] = {
    "privyseal_job_last_success_seconds": (
        "When a run of a job last went well, in seconds since 1970",
        lambda row: row.succeeded_at.timestamp() if row.succeeded_at else None,
    ),
    "privyseal_job_failures_in_a_row": (
        "How often a job has failed since it last went well",
        lambda row: row.attempts,
    ),
}


def job_gauges(seen: Iterable[Seen]) -> bytes:
    """How the jobs of the whole installation are."""
    rows = [each.row for each in seen]
    return b"".join(
        family(
            name,
            text,
            "gauge",
            (({"job": row.name}, value) for row in rows if (value := value_of(row)) is not None),
        )
        for name, (text, value_of) in _JOB_GAUGES.items()
    )


def managed_gauges(tallies: Sequence[Tally]) -> bytes:
    """Managed certificates by kind and status, and how the renewals of those that are ISSUED stand."""
    certificates: dict[tuple[str, str], int] = {}
    renewals: dict[str, int] = {}
    for each in tallies:
        key = (each.kind.value, each.status.value)
        certificates[key] = certificates.get(key, 0) + each.certificates
        if each.day is not None and each.renewal_status:
            renewals[each.renewal_status] = renewals.get(each.renewal_status, 0) + each.certificates
    return family(
        "privyseal_managed_certificates",
        "Managed certificates, by kind and status",
        "gauge",
        (({"kind": kind, "status": status}, n) for (kind, status), n in sorted(certificates.items())),
    ) + family(
        "privyseal_managed_renewals",
        "Issued certificates by how their last renewal went; PENDING_AUTO_RENEWAL: it has failed so far",
        "gauge",
        (({"status": status}, n) for status, n in sorted(renewals.items())),
    )


def delivery_gauges(backlog: Backlog) -> bytes:
    return family(
        "privyseal_event_deliveries_waiting",
        f"Events that targets have still to get, counted up to {MOST_DELIVERIES}",
        "gauge",
        [({}, backlog.waiting)],
    ) + family(
        "privyseal_event_dead_letters",
        f"Events that were given up, counted up to {MOST_DELIVERIES}",
        "gauge",
        [({}, backlog.dead)],
    )


def build_gauge() -> bytes:
    labels = {"version": version("privyseal"), "python": platform.python_version()}
    return family("privyseal_build_info", "What is running; always 1", "gauge", [(labels, 1)])
