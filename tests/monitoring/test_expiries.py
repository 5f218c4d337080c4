"""Ends as metrics: the first of each use, and how many end within so many days."""

import re
import subprocess
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from privyseal.managed.states import Kind, Status
from privyseal.managed.tally import Tally
from privyseal.observability.expiries import BOUNDS, DAYS, Series, Use, crl_gauges, expiry_gauges, use
from privyseal.observability.gauges import build_gauge, managed_gauges
from tests.programs import program

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Sample = tuple[str, tuple[tuple[str, str], ...]]


def samples(text: bytes) -> dict[Sample, float]:
    """As Prometheus's own library reads them."""
    families = text_string_to_metric_families(text.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for each in families for s in each.samples}


def read(*uses: Use) -> dict[Sample, float]:
    return samples(expiry_gauges(uses, NOW))


def test_a_use_has_the_series_of_its_first_to_end() -> None:
    found = read(use("authority", [NOW + 9 * DAY, NOW + DAY]), use("tls", []), use("managed", [NOW - DAY]))
    assert found["x509_cert_not_after", (("use", "authority"),)] == (NOW + DAY).timestamp()
    assert found["x509_cert_expired", (("use", "authority"),)] == 0
    assert found["x509_cert_expired", (("use", "managed"),)] == 1
    assert ("x509_cert_not_after", (("use", "tls"),)) not in found


def test_crls_are_no_certificates() -> None:
    found = read(use("crl", [NOW + DAY]))
    assert {name for name, _ in found if name.startswith("x509")} == set()
    assert samples(crl_gauges({"a": NOW})) == {
        ("x509_crl_next_update", (("authority", "a"),)): NOW.timestamp()
    }


def test_days_are_whole_days_of_the_calendar() -> None:
    """What ends tomorrow ends within one day, whatever the hours."""
    ends = [
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 23, 59, tzinfo=UTC),
        NOW + 400 * DAY,
        NOW - DAY,
    ]
    found = read(use("managed", ends))
    buckets = {
        dict(labels)["le"]: value for (name, labels), value in found.items() if name == f"{DAYS}_bucket"
    }
    assert buckets == {str(b): 2 if b == 0 else 3 if b < 400 else 4 for b in BOUNDS} | {"+Inf": 4}
    assert found[f"{DAYS}_count", (("use", "managed"),)] == 4
    assert found[f"{DAYS}_sum", (("use", "managed"),)] == 0 + 1 + 400 - 1


@given(st.lists(st.integers(-1000, 5000), max_size=50))
def test_buckets_never_shrink_and_the_last_has_all(days: list[int]) -> None:
    found = read(use("managed", [NOW + n * DAY for n in days]))
    values = [found[f"{DAYS}_bucket", (("le", str(b)), ("use", "managed"))] for b in (*BOUNDS, "+Inf")]
    assert values == sorted(values)
    assert values == [sum(n <= b for n in days) for b in BOUNDS] + [len(days)]


def test_a_certificate_has_a_series_of_its_own_where_that_is_asked_for() -> None:
    one = Series("www.example.com", 255, "arn:1", NOW + DAY)
    found = read(Use("managed", NOW + DAY, {date(2026, 3, 2): 3}, [one]))
    labels = (
        ("arn", "arn:1"),
        ("serial_number", "255"),
        ("subject_CN", "www.example.com"),
        ("use", "managed"),
    )
    assert found["x509_cert_not_after", labels] == (NOW + DAY).timestamp()
    assert ("x509_cert_not_after", (("use", "managed"),)) not in found
    assert found[f"{DAYS}_count", (("use", "managed"),)] == 3


@given(st.text())
def test_no_name_of_a_certificate_breaks_the_text(name: str) -> None:
    text = expiry_gauges([Use("managed", None, {}, [Series(name, 1, "arn", NOW)])], NOW)
    (labels,) = (dict(labels) for kind, labels in samples(text) if kind == "x509_cert_not_after")
    assert labels["subject_CN"] == name.encode(errors="backslashreplace").decode()
    assert len(re.findall(rb"^x509_cert_not_after", text, re.MULTILINE)) == 1


def test_managed_certificates_are_told_by_kind_and_status_and_renewals_of_issued_ones() -> None:
    tallies = [
        Tally(Kind.PRIVATE, Status.ISSUED, "", NOW.date(), 2),
        Tally(Kind.PRIVATE, Status.ISSUED, "PENDING_AUTO_RENEWAL", NOW.date(), 3),
        Tally(Kind.PRIVATE, Status.ISSUED, "PENDING_AUTO_RENEWAL", (NOW + DAY).date(), 4),
        Tally(Kind.PRIVATE, Status.EXPIRED, "PENDING_AUTO_RENEWAL", None, 5),
    ]
    assert samples(managed_gauges(tallies)) == {
        ("privyseal_managed_certificates", (("kind", "PRIVATE"), ("status", "ISSUED"))): 9,
        ("privyseal_managed_certificates", (("kind", "PRIVATE"), ("status", "EXPIRED"))): 5,
        ("privyseal_managed_renewals", (("status", "PENDING_AUTO_RENEWAL"),)): 7,
    }


def test_promtool_finds_nothing_wrong_but_days() -> None:
    """Prometheus wants seconds everywhere; days are what AWS and people count."""
    text = expiry_gauges([use("managed", [NOW])], NOW) + crl_gauges({"a": NOW}) + build_gauge()
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], check=False, input=text, capture_output=True
    )
    assert done.stderr.decode().splitlines() == [f'{DAYS} use base unit "seconds" instead of "days"']
