"""DaysToExpiry in CloudWatch: as moto has got it, and as its alarm sees it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.tally import ManagedEnd
from privyseal.names import ManagedArn
from privyseal.observability.cloudwatch import MOST, CloudWatch
from tests.monitoring.watched import import_one, started, wait_until

REGION = "eu-central-1"
NOW = datetime.now(UTC)
NAMESPACE = "AWS/CertificateManager"


def end(number: int, days: float) -> ManagedEnd:
    arn = ManagedArn(REGION, "111122223333", f"00000000-0000-4000-8000-{number:012d}")
    return ManagedEnd(arn, "www.example.com", number, NOW + timedelta(days=days))


@pytest.fixture(name="there")
def there_fixture(empty_moto: str) -> Iterator[Any]:
    made = boto3.client("cloudwatch", region_name=REGION, endpoint_url=empty_moto)
    yield made
    made.close()


def tell(url: str, pages: Sequence[Sequence[ManagedEnd]], **settings: Any) -> None:
    told = CloudWatch(NAMESPACE, region=REGION, endpoint_url=url, **settings)
    told.tell(pages, NOW, Event())


def days_of(there: Any, arn: str | None, namespace: str = NAMESPACE) -> list[float]:
    """The points of a day, as an alarm with Statistic=Minimum sees them."""
    found = there.get_metric_statistics(
        Namespace=namespace,
        MetricName="DaysToExpiry",
        Dimensions=[{"Name": "CertificateArn", "Value": arn}] if arn else [],
        StartTime=NOW - timedelta(days=1),
        EndTime=NOW + timedelta(days=1),
        Period=86_400,
        Statistics=["Minimum"],
    )
    return [point["Minimum"] for point in found["Datapoints"]]


def test_each_certificate_has_its_days_by_its_arn(there: Any, empty_moto: str) -> None:
    """Whole days, as AWS has them; what is over has a negative number of them."""
    ends = [end(1, -0.5), end(2, 0.9), end(3, 30)]
    tell(empty_moto, [ends[:2], ends[2:]])
    assert [days_of(there, str(each.arn)) for each in ends] == [[-1], [0], [30]]


def test_the_first_to_end_is_told_without_a_dimension(there: Any, empty_moto: str) -> None:
    """An alarm that names no certificate watches them all."""
    tell(empty_moto, [[end(1, 12), end(2, 20)], [end(3, 30)]])
    metrics = there.list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert len([each for each in metrics if not each["Dimensions"]]) == 1
    (statistic,) = {point for each in (None,) for point in days_of(there, each)}
    assert statistic == 12


def test_a_page_of_many_is_told_in_calls_that_are_not_too_large(there: Any, empty_moto: str) -> None:
    tell(empty_moto, [[end(n, 40) for n in range(MOST + 1)]])
    found = there.get_paginator("list_metrics").paginate(Namespace=NAMESPACE)
    assert sum(len(page["Metrics"]) for page in found) == MOST + 2


def test_an_alarm_is_made_where_one_is_asked_for(there: Any, empty_moto: str) -> None:
    """Telling again changes nothing."""
    topic = f"arn:aws:sns:{REGION}:111122223333:ops"
    for _ in range(2):
        tell(empty_moto, [[end(1, 12)]], alarm_days=30, alarm_topic=topic)
    (alarm,) = there.describe_alarms()["MetricAlarms"]
    members = ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold")
    assert [alarm[name] for name in members] == [NAMESPACE, "DaysToExpiry", "Minimum", 86_400, 1, 30]
    assert (alarm["ComparisonOperator"], alarm["AlarmActions"]) == ("LessThanThreshold", [topic])
    assert not alarm.get("Dimensions")


def test_without_certificates_nothing_is_told(there: Any, empty_moto: str) -> None:
    tell(empty_moto, [])
    assert there.list_metrics()["Metrics"] == []
    assert there.describe_alarms()["MetricAlarms"] == []


def test_nothing_more_is_told_once_it_is_to_stop(there: Any, empty_moto: str) -> None:
    stopping = Event()
    stopping.set()
    CloudWatch(NAMESPACE, region=REGION, endpoint_url=empty_moto).tell([[end(1, 1)]], NOW, stopping)
    assert there.list_metrics()["Metrics"] == []


@pytest.mark.usefixtures("aws_environment")
def test_a_cloudwatch_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(PrivySealError, match="has not been told") as refusal:
        tell("http://127.0.0.1:9", [[end(1, 1)]])
    assert refusal.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.usefixtures("aws_environment")
def test_a_profile_that_is_not_there_is_refused() -> None:
    with pytest.raises(PrivySealError, match=r"\[cloudwatch\]") as refusal:
        CloudWatch(NAMESPACE, profile="nobody")
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


def test_a_service_tells_by_itself(there: Any, empty_moto: str, tmp_path: Path) -> None:
    """At its start and then twice a day. What it has told is in `privyseal jobs`."""
    text = (
        "[cloudwatch]\nenabled = true\n"
        f"namespace = 'Our CA'\nregion = '{REGION}'\nendpoint-url = '{empty_moto}'\nalarm-days = 45\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    service = started(tmp_path / "data", "", AWS_EC2_METADATA_DISABLED="true", **keys)
    import_one(service, "told.example.com", 20.5)  # the first round is that of the start
    service.stop()
    (service.data_dir / "privyseal.toml").write_text(text)
    service.start()
    try:
        assert wait_until(lambda: days_of(there, None, "Our CA")) == [20]
        (alarm,) = there.describe_alarms()["MetricAlarms"]
        assert alarm["AlarmName"] == "Our CA DaysToExpiry"
        jobs = {each["name"]: each for each in service.environment.client().rest("GET", "/jobs")["jobs"]}
        job = wait_until(lambda: jobs["monitoring.cloudwatch"])
        assert job["last_error"] is None
    finally:
        service.kill()
