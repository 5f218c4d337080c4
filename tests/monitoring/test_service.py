"""What a running service tells of itself: /metrics, /healthz and /readyz."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from privyseal.observability.metrics import COUNTERS, HISTOGRAMS
from tests.e2e.boto import client
from tests.monitoring.shipped import names_asked_for
from tests.monitoring.watched import (
    EVERYTHING,
    get,
    import_one,
    make_busy,
    samples,
    started,
    value,
    wait_until,
)
from tests.service import Service

SUFFIXES = re.compile(r"_(?:bucket|sum|count)$")


@pytest.fixture(scope="module", name="busy")
def busy_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = started(tmp_path_factory.mktemp("watched") / "data", EVERYTHING)
    try:
        make_busy(made)
        yield made
        assert made.stop() == 0, made.log.read_text()
    finally:
        made.kill()


def test_what_alerts_and_dashboard_ask_for_is_there(busy: Service) -> None:
    """By the names in the text itself, once something of each kind has happened."""
    names: set[str] = set()
    asked = names_asked_for() - {"privyseal_managed_renewals"}  # only 60 days before an end: see below
    assert len(asked) > 15

    def missing() -> set[str]:
        names.update(name for name, _ in samples(busy.url))
        return asked - names

    wait_until(lambda: not missing())
    counted = {f"{row[0]}_total" for row in COUNTERS.values()} | {row[0] for row in HISTOGRAMS.values()}
    assert counted <= {SUFFIXES.sub("", name) for name in names}


def test_the_first_of_each_use_has_a_series_and_all_are_counted(busy: Service) -> None:
    before = value(busy.url, "privyseal_managed_certificates", kind="IMPORTED", status="ISSUED") or 0
    end = import_one(busy, "first.example.com", 20)
    import_one(busy, "second.example.com", 30)
    assert value(busy.url, "x509_cert_not_after", use="managed") == end.timestamp()
    assert value(busy.url, "x509_cert_expired", use="managed") == 0
    assert value(busy.url, "privyseal_managed_certificates", kind="IMPORTED", status="ISSUED") == before + 2
    within = {
        days: value(busy.url, "privyseal_days_to_expiry_bucket", use="managed", le=days)
        for days in ("15", "30", "45")
    }
    assert (within["15"], within["30"]) == (0, 2)
    assert not [
        labels for name, labels in samples(busy.url) if name == "x509_cert_not_after" and len(labels) > 1
    ]


def test_issuing_and_attempts_are_counted(busy: Service) -> None:
    issued = "privyseal_certificates_issued_total"
    wait_until(lambda: value(busy.url, issued, service="acm.amazonaws.com"))
    assert (value(busy.url, issued, service="none") or 0) >= 1
    assert (value(busy.url, "privyseal_issuing_refused_total", code="malformed-csr") or 0) >= 1
    attempts = {"action": "ISSUANCE", "outcome": "done"}
    assert (value(busy.url, "privyseal_managed_attempts_total", **attempts) or 0) >= 1


def test_every_answer_is_counted_and_timed(busy: Service) -> None:
    labels = {"frontend": "aws", "operation": "sts:GetCallerIdentity"}

    def told() -> tuple[float, float]:
        number = value(busy.url, "privyseal_http_requests_total", **labels, outcome="ok") or 0
        timed = value(busy.url, "privyseal_http_request_seconds_count", **labels) or 0
        return number, timed

    number, timed = told()
    with client(busy, "sts") as sts:
        for _ in range(3):
            sts.get_caller_identity()
    assert told() == (number + 3, timed + 3)


def test_dead_letters_and_what_waits_are_counted(busy: Service) -> None:
    """A target that is away: its events wait."""
    wait_until(lambda: value(busy.url, "privyseal_event_deliveries_waiting"))
    assert value(busy.url, "privyseal_event_dead_letters") == 0


def test_it_says_what_is_running(busy: Service) -> None:
    (labels,) = (dict(labels) for name, labels in samples(busy.url) if name == "privyseal_build_info")
    assert labels["version"].count(".") == 2
    assert set(labels) == {"version", "python"}


def test_a_ready_service_says_so(busy: Service) -> None:
    assert get(f"{busy.url}/healthz") == get(f"{busy.url}/readyz") == (200, "ok\n")


def test_certificates_have_series_of_their_own_up_to_a_limit(tmp_path: Path) -> None:
    """Those that end first; authorities likewise. The counts are of all."""
    service = started(tmp_path / "data", "[metrics]\ncertificate-series = 2\n")
    try:
        ends = {name: import_one(service, name, days) for name, days in (("a.example", 50), ("b.example", 9),
                                                                        ("c.example", 20))}  # fmt: skip
        found = [
            (dict(labels), value)
            for (name, labels), value in samples(service.url).items()
            if name == "x509_cert_not_after"
        ]
        managed = {each["subject_CN"]: value for each, value in found if each["use"] == "managed"}
        assert managed == {name: ends[name].timestamp() for name in ("b.example", "c.example")}
        assert len([each for each, _ in found if each["use"] == "authority"]) == 2
        assert all(each["serial_number"].isdecimal() and each["arn"] for each, _ in found)
        assert value(service.url, "privyseal_days_to_expiry_count", use="managed") == 3
    finally:
        service.kill()


def test_the_services_own_certificate_is_watched(tmp_path: Path) -> None:
    service = started(tmp_path / "data", "", "--host", "0.0.0.0", "--status-port", "0")
    try:
        shown = re.search(r"(http://127\.0\.0\.1:\d+)/metrics$", service.log.read_text(), re.MULTILINE)
        assert shown
        days = value(shown[1], "privyseal_days_to_expiry_sum", use="tls")
        assert days
        assert 390 <= days <= 396
    finally:
        service.kill()


def test_a_service_whose_keys_do_not_open_lives_and_is_not_ready(tmp_path: Path) -> None:
    """Another database under the same service, say. The answer names what is wrong, the log says why."""
    service = started(tmp_path / "data", "")
    try:
        with closing(sqlite3.connect(service.data_dir / "privyseal.db")) as database:
            database.execute("UPDATE audit_key SET private_wrapped = x'01'")
            database.commit()
        status, answer = get(f"{service.url}/readyz")
        assert status == 503
        assert '"Not ready: key-encryption-key."' in answer
        assert get(f"{service.url}/healthz") == (200, "ok\n")
        assert '"event": "not ready"' in service.log.read_text()
    finally:
        service.kill()
