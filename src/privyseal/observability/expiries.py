"""When certificates and CRLs end, as metrics: the first of each use, and how many within so many days.

The names are those of x509-certificate-exporter (docs/metrics.md of enix/x509-certificate-exporter), on
which people have their alerts already: x509_cert_not_after, x509_cert_expired, x509_crl_next_update. A
use has one series, that of its first to end, so that a million certificates are no more to store than one;
certificates of their own series are asked for by a setting.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from privyseal.observability.exposition import Labels, family, histogram

DAYS = "privyseal_days_to_expiry"
# Upper bounds in days; those of AWS's notices (45, 30, 15, 3, 1) and of its renewal (60) are among them.
BOUNDS = (0, 1, 3, 7, 15, 30, 45, 60, 90, 180, 365, 730)


@dataclass(frozen=True, slots=True)
class Series:
    """A certificate with a series of its own."""

    subject: str  # its common name
    serial: int
    arn: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """What certificates are used for: `managed`, `authority`, `ocsp-responder`, `tls`; CRLs are `crl`."""

    name: str
    first: datetime | None  # the end of the first to end
    days: Mapping[date, int]  # the day (UTC) of their end → how many
    series: Sequence[Series] = field(default=())


def use(name: str, ends: Iterable[datetime], series: Sequence[Series] = ()) -> Use:
    """Of few, whose ends are all at hand."""
    ends = list(ends)
    return Use(name, min(ends, default=None), Counter(end.date() for end in ends), series)


def expiry_gauges(uses: Sequence[Use], now: datetime) -> bytes:
    certificates = [sample for use in uses if use.name != "crl" for sample in _ends(use)]
    return b"".join(
        (
            family(
                "x509_cert_not_after",
                "When a certificate ends, in seconds since 1970: the first of each use, or each by itself",
                "gauge",
                ((labels, end.timestamp()) for labels, end in certificates),
            ),
            family(
                "x509_cert_expired",
                "Whether that certificate has ended: 1, or 0",
                "gauge",
                ((labels, int(now > end)) for labels, end in certificates),
            ),
            histogram(
                DAYS,
                "How many end within so many whole days (UTC): certificates by their use, and CRLs",
                (_row(use, now.date()) for use in uses),
            ),
        )
    )


def crl_gauges(next_updates: Mapping[str, datetime]) -> bytes:
    """When the first CRL of each authority runs out, by the authority's id."""
    return family(
        "x509_crl_next_update",
        "When the first CRL of an authority runs out, in seconds since 1970",
        "gauge",
        (({"authority": authority}, at.timestamp()) for authority, at in next_updates.items()),
    )


def _ends(use: Use) -> Iterable[tuple[Labels, datetime]]:
    if use.series:
        for each in use.series:
            # `serial_number` is decimal, as the exporter has it
            yield (
                {
                    "use": use.name,
                    "subject_CN": each.subject,
                    "serial_number": str(each.serial),
                    "arn": each.arn,
                },
                each.not_after,
            )
    elif use.first is not None:
        yield {"use": use.name}, use.first


def _row(use: Use, today: date) -> tuple[Labels, Mapping[str, int], int, int]:
    left = [((day - today).days, number) for day, number in use.days.items()]
    buckets = {str(bound): sum(n for days, n in left if days <= bound) for bound in BOUNDS}
    number = sum(n for _, n in left)
    return {"use": use.name}, {**buckets, "+Inf": number}, sum(days * n for days, n in left), number
