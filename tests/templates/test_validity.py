"""From when until when: every kind of Validity, through the service, as openssl shows it."""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.boto import activate, create, csr_for
from tests.templates import openssl_text
from tests.templates.conftest import Scene

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dates(pem: str) -> tuple[datetime, datetime]:
    start, end = (datetime.strptime(text, "%Y-%m-%d %H:%M:%SZ") for text in openssl_text.dates(pem))
    return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def issue(
    scene: Scene, kind: str, value: int, arn: str | None = None, **more: Any
) -> tuple[datetime, datetime]:
    pem = scene.issue(
        arn or scene.root,
        csr_for("v.internal"),
        "EndEntityCertificate",
        Validity={"Type": kind, "Value": value},
        **more,
    )
    return dates(pem)


@pytest.mark.parametrize("days", [1, 400])
def test_days_count_from_the_moment_of_issuing(scene: Scene, days: int) -> None:
    """And NotBefore is an hour earlier."""
    before = now()
    start, end = issue(scene, "DAYS", days)
    assert before <= start + HOUR <= now()
    assert end == start + HOUR + timedelta(days=days)


@pytest.mark.parametrize(
    ("kind", "value", "months"), [("MONTHS", 1, 1), ("MONTHS", 14, 14), ("YEARS", 1, 12), ("YEARS", 2, 24)]
)
def test_months_and_years_end_on_the_same_day_at_the_same_time(
    scene: Scene, kind: str, value: int, months: int
) -> None:
    """Or on the last day of a month that is too short."""
    start, end = issue(scene, kind, value)
    issued = start + HOUR
    assert (end.year - issued.year) * 12 + end.month - issued.month == months
    assert end.day == min(issued.day, monthrange(end.year, end.month)[1])
    assert end.time() == issued.time()


def twelve_digits(at: datetime) -> int:
    return int(f"{at:%y%m%d%H%M%S}")


def fourteen_digits(at: datetime) -> int:
    return int(f"{at:%Y%m%d%H%M%S}")


def epoch(at: datetime) -> int:
    return int((at - EPOCH).total_seconds())


@pytest.mark.parametrize(
    ("kind", "write"), [("END_DATE", twelve_digits), ("END_DATE", fourteen_digits), ("ABSOLUTE", epoch)]
)
def test_an_end_is_taken_to_the_second(scene: Scene, kind: str, write: Callable[[datetime], int]) -> None:
    wanted = now() + timedelta(days=33, seconds=7)
    start, end = issue(scene, kind, write(wanted))
    assert end == wanted
    assert abs(start + HOUR - now()) < timedelta(minutes=1)


def test_a_start_moves_nothing_but_the_start(scene: Scene) -> None:
    """Into the past or the future; the end still counts from the moment of issuing."""
    for shift in (timedelta(days=-30), timedelta(days=2)):
        wanted = now() + shift
        not_before = {"Type": "ABSOLUTE", "Value": epoch(wanted)}
        before = now()
        start, end = issue(scene, "DAYS", 10, ValidityNotBefore=not_before)
        assert start == wanted
        assert before <= end - timedelta(days=10) <= now()


def after_two_years() -> int:
    return epoch(now() + timedelta(days=730))


# What is asked → (Validity, ValidityNotBefore, the error)
REFUSED: dict[str, tuple[tuple[str, int], tuple[str, int] | None, str]] = {
    "an end after the issuer's": (("DAYS", 1001), None, "ValidationException"),
    "an end far after the issuer's": (("YEARS", 100), None, "ValidationException"),
    "an end that no calendar has": (("YEARS", 10**9), None, "ValidationException"),
    "an end in the past": (("ABSOLUTE", 1_000_000_000), None, "ValidationException"),
    "an end before the start": (("DAYS", 1), ("ABSOLUTE", after_two_years()), "ValidationException"),
    "a date that is none": (("END_DATE", 271301000000), None, "InvalidArgsException"),
    "a date with too few digits": (("END_DATE", 2712010000), None, "InvalidArgsException"),
    "a start that is no moment": (("DAYS", 1), ("DAYS", 1), "InvalidArgsException"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_dates_that_cannot_be_are_refused(scene: Scene, what: str) -> None:
    (kind, value), not_before, code = REFUSED[what]
    more: dict[str, Any] = {}
    if not_before:
        more["ValidityNotBefore"] = {"Type": not_before[0], "Value": not_before[1]}
    with pytest.raises(ClientError) as raised:
        issue(scene, kind, value, **more)
    assert raised.value.response["Error"]["Code"] == code


@pytest.fixture(scope="module")
def short_lived(scene: Scene) -> str:
    """A root in SHORT_LIVED_CERTIFICATE mode; its own certificate is for 1000 days."""
    arn = create(scene.pca, name="Short Lived Root", UsageMode="SHORT_LIVED_CERTIFICATE")
    activate(scene.pca, arn)
    return arn


def test_a_short_lived_authority_issues_for_seven_days_and_not_a_second_more(
    scene: Scene, short_lived: str
) -> None:
    start, end = issue(scene, "DAYS", 7, short_lived)
    assert end - start == timedelta(days=7) + HOUR
    issue(scene, "ABSOLUTE", epoch(now() + timedelta(days=7)), short_lived)
    for kind, value in (
        ("DAYS", 8),
        ("MONTHS", 1),
        ("ABSOLUTE", epoch(now() + timedelta(days=7, minutes=1))),
    ):
        with pytest.raises(ClientError, match="at most 7 days") as raised:
            issue(scene, kind, value, short_lived)
        assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_a_short_lived_root_signs_itself_for_as_long_as_it_likes(scene: Scene, short_lived: str) -> None:
    """But nobody below it."""
    described = scene.pca.describe_certificate_authority(CertificateAuthorityArn=short_lived)
    authority = described["CertificateAuthority"]
    assert authority["NotAfter"] - authority["NotBefore"] > timedelta(days=1000)
    with pytest.raises(ClientError, match="at most 7 days"):
        scene.issue(
            short_lived,
            csr_for("sub.internal"),
            "SubordinateCACertificate_PathLen0",
            Validity={"Type": "DAYS", "Value": 30},
        )
