"""DaysToExpiry of managed certificates in Amazon CloudWatch, as AWS Certificate Manager publishes it there.

Source: AWS Certificate Manager user guide, "Supported CloudWatch metrics": namespace AWS/CertificateManager,
dimension CertificateArn, twice a day until the expiry. That namespace is AWS's own, so ours is a setting. The
first to end is told a second time, without a dimension: one alarm on that watches them all. Needs
cloudwatch:PutMetricData, and cloudwatch:PutMetricAlarm where there is to be an alarm. Credentials are found
as every AWS tool finds them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.tally import ManagedEnd

METRIC, DIMENSION = "DaysToExpiry", "CertificateArn"
MOST = 500  # in one call; PutMetricData takes 1,000, in 1 MB
PERIOD_S = 86_400  # a day: what has been told twice a day is there in each

_CONFIG = waiting(attempts=3)
_DAY = timedelta(days=1)


class CloudWatch:
    def __init__(
        self,
        namespace: str,
        *,
        region: str = "",
        endpoint_url: str = "",
        profile: str = "",
        alarm_days: int = 0,
        alarm_topic: str = "",
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        self._namespace = namespace
        self._alarm_days = alarm_days
        self._alarm_topic = alarm_topic
        self._client = aws_client(
            "cloudwatch",
            "The settings of [cloudwatch]",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def tell(self, pages: Iterable[Sequence[ManagedEnd]], now: datetime, stopping: Event) -> None:
        """All of them, which come in the order of their ends; telling one twice is no harm."""
        if self._alarm_days:
            self._put_alarm()
        first = True
        for page in pages:
            data = [_datum(each, now, dimensions=[_named(each)]) for each in page]
            if first:
                data.append(_datum(page[0], now, dimensions=[]))
                first = False
            for start in range(0, len(data), MOST):
                if stopping.is_set():
                    return
                self._call(
                    "put_metric_data", Namespace=self._namespace, MetricData=data[start : start + MOST]
                )

    def _put_alarm(self) -> None:
        self._call(
            "put_metric_alarm",
            AlarmName=f"{self._namespace} {METRIC}",
            AlarmDescription=f"A managed certificate ends in less than {self._alarm_days} days.",
            Namespace=self._namespace,
            MetricName=METRIC,
            Statistic="Minimum",
            Period=PERIOD_S,
            EvaluationPeriods=1,
            Threshold=float(self._alarm_days),
            ComparisonOperator="LessThanThreshold",
            AlarmActions=[self._alarm_topic] if self._alarm_topic else [],
        )

    def _call(self, operation: str, **params: Any) -> None:
        try:
            getattr(self._client, operation)(**params)
        except (ClientError, BotoCoreError) as error:
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"CloudWatch has not been told: {error}") from error


def _datum(end: ManagedEnd, now: datetime, dimensions: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    days = (end.not_after - now) // _DAY
    return {
        "MetricName": METRIC,
        "Dimensions": dimensions,
        "Timestamp": now,
        "Value": float(days),
        "Unit": "None",
    }


def _named(end: ManagedEnd) -> Mapping[str, str]:
    return {"Name": DIMENSION, "Value": str(end.arn)}
