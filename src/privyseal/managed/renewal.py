"""When certificates are renewed: a schedule, from values alone.

A window opens 60 days before the expiry, or when a third of the lifetime is left if that is later
(certificates of less than 180 days). The first quarter of the window is for renewing: there each
certificate has some moments of its own, from a hash of its ARN and serial number, and takes the one
on whose day the least is planned (several choices and the emptiest: Mitzenmacher, "The Power of Two
Choices in Randomized Load Balancing"). So what was issued on one day is renewed over two weeks, and
is done before anybody is told that it expires soon. The rest of the window is for trying again.

What becomes eligible when its window is open already, because it was exported late, is spread over a
quarter of the time that is left.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from privyseal.managed.limits import RENEWAL_WINDOW
from privyseal.managed.model import ManagedCertificate, Material
from privyseal.managed.states import Kind, Status

# How many moments a certificate can choose from: one on each day of a quarter of 60 days.
CHOICES = 15
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Tries again after an hour, two, four … of a window of 60 days, and not more than twelve; of a shorter
# window in proportion. When a tenth of the window is left, every hour.
_STEPS = 48
_STEP = timedelta(hours=1)
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A moment, and the time around it whose load counts: [start, end)."""

    at: datetime
    start: datetime
    end: datetime


def is_eligible(certificate: ManagedCertificate) -> bool:
    """RenewalEligibility: exported since it was issued or renewed, or in use."""
    return (
        certificate.kind is Kind.PRIVATE
        and certificate.status is Status.ISSUED
        and (certificate.exported_at is not None or bool(certificate.in_use_by))
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """`longest`: so long before its expiry a certificate is renewed at the earliest."""

    longest: timedelta = RENEWAL_WINDOW

    def window(self, material: Material) -> timedelta:
        return min(self.longest, (material.not_after - material.not_before) / 3)

    def opens_at(self, material: Material) -> datetime:
        return material.not_after - self.window(material)

    def choices(self, certificate: ManagedCertificate, material: Material, now: datetime) -> list[Choice]:
        """The moments at which the certificate may be renewed."""
        start = max(self.opens_at(material), now)
        span = min(self.window(material), max(material.not_after - start, timedelta(0))) / 4
        width = DAY if span >= 4 * DAY else max(span / 8, timedelta(seconds=1))
        return [_around(start + span * each, width) for each in _fractions(certificate, material)]

    def try_again_after(self, material: Material, failures: int, now: datetime) -> timedelta:
        """How long to wait after that many failures in a row."""
        window = self.window(material)
        step = min(_STEP, window / _STEPS)
        if material.not_after - now < window / 10:
            return step
        return step * min(1 << min(failures - 1, 10), _LONGEST)


def _fractions(certificate: ManagedCertificate, material: Material) -> Iterator[float]:
    """Of the span, from 0 to 1: always the same ones for a certificate, one in each part of the span, and
    for each certificate another part first.
    """
    text = f"renewal|{certificate.arn}|{material.serial:x}"
    digest = hashlib.sha256(text.encode()).digest()
    first, within = digest[0], int.from_bytes(digest[1:7]) / 2**48
    for part in range(CHOICES):
        yield ((first + part) % CHOICES + within) / CHOICES


def _around(at: datetime, width: timedelta) -> Choice:
    start = at - (at - _EPOCH) % width
    return Choice(at, start, start + width)
