"""What watches a worker process: its numbers, whether it is ready, CloudWatch, traces."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Event

from privyseal.client.certificates import inspect_certificate
from privyseal.errors import PrivySealError
from privyseal.managed.tally import ManagedEnds, Tally
from privyseal.observability import EXPORTERS
from privyseal.observability.expiries import Series, Use, crl_gauges, expiry_gauges, use
from privyseal.observability.gauges import (
    MOST_DELIVERIES,
    build_gauge,
    delivery_gauges,
    job_gauges,
    managed_gauges,
)
from privyseal.observability.metrics import render
from privyseal.settings import Settings
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.endings import SqlEndings
from privyseal.stores.repositories.events import SqlDeliveries
from privyseal.stores.repositories.managed_tallies import SqlManagedTallies
from privyseal.tracing import Tracer
from privyseal.wiring.parts import Parts
from privyseal.wiring.shelves import row

CLOUDWATCH = "monitoring.cloudwatch"

_ENDINGS, _TALLIES = SqlEndings(), SqlManagedTallies()


def numbers(parts: Parts) -> bytes:
    """What is counted, and what is read now; a database that is away takes only its own."""
    counted = render() + build_gauge()
    try:
        return counted + parts.store.view(lambda tx: _read(tx, parts)) + job_gauges(parts.job_overview.seen())
    except PrivySealError:
        return counted


def checks(parts: Parts) -> Mapping[str, Callable[[], None]]:
    """What `/readyz` asks, by the names that it answers with."""

    def opens(tx: Tx) -> None:
        parts.trail.signing_key(tx)

    return {
        "database": lambda: parts.store.view(lambda _: None),
        "key-encryption-key": lambda: parts.store.view(opens),  # a secret of this database opens with it
        "jobs": parts.jobs.check,
    }


def add_monitoring_jobs(parts: Parts) -> None:
    section = parts.settings.cloudwatch
    if not section.enabled:
        parts.jobs.add(CLOUDWATCH, lambda _: None, lambda _: False)
        return
    told = row(EXPORTERS, "cloudwatch")(
        section.namespace,
        region=section.region,
        endpoint_url=section.endpoint_url,
        profile=section.profile,
        alarm_days=section.alarm_days,
        alarm_topic=section.alarm_topic,
    )
    ends = ManagedEnds(parts.store, _TALLIES)

    def run(stopping: Event) -> None:
        told.tell(ends.pages(), parts.clock.now(), stopping)

    parts.jobs.add(CLOUDWATCH, run)


@contextmanager
def traced(settings: Settings) -> Iterator[Tracer | None]:
    """The library is imported only where there is somewhere to send to."""
    if not settings.tracing.endpoint:
        yield None
        return
    tracer = row(EXPORTERS, "traces")(settings.tracing.endpoint)
    try:
        yield tracer
    finally:
        tracer.close()


def _read(tx: Tx, parts: Parts) -> bytes:
    tallies = _TALLIES.all(tx)
    crls = REPOSITORIES.crls.next_updates(tx)
    series = parts.settings.metrics.certificate_series
    uses = [
        _managed(tx, tallies, series),
        _authorities(tx, series),
        use("ocsp-responder", _ENDINGS.responders(tx)),
        use("crl", crls.values()),
        use("tls", _own_certificate(parts)),
    ]
    return b"".join(
        (
            expiry_gauges(uses, tx.now),
            crl_gauges(crls),
            managed_gauges(tallies),
            delivery_gauges(SqlDeliveries().backlog(tx, MOST_DELIVERIES)),
        )
    )


def _managed(tx: Tx, tallies: Sequence[Tally], most: int) -> Use:
    days: Counter[date] = Counter()
    for each in tallies:
        if each.day is not None:
            days[each.day] += each.certificates
    first = _TALLIES.ending(tx, None, max(most, 1))
    series = [Series(each.domain, each.serial, str(each.arn), each.not_after) for each in first[:most]]
    return Use("managed", first[0].not_after if first else None, days, series)


def _authorities(tx: Tx, most: int) -> Use:
    ends = _ENDINGS.authorities(tx)
    series = [Series(each.common_name, each.serial, str(each.arn), each.not_after) for each in ends[:most]]
    return use("authority", [each.not_after for each in ends], series)


def _own_certificate(parts: Parts) -> Sequence[datetime]:
    """Of the file that is served, which may be replaced at any time; one that cannot be read says nothing."""
    settings = parts.settings
    if not settings.needs_certificate:
        return []
    path = Path(settings.tls_certificate) if settings.tls_certificate else parts.directory.tls_certificate
    try:
        leaf = path.read_bytes().split(b"\n-----BEGIN", 1)[0]
        return [inspect_certificate(leaf).not_after]
    except (OSError, PrivySealError):
        return []
