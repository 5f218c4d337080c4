"""The sections about monitoring: metrics, CloudWatch, traces."""

from typing import Annotated

from msgspec import Meta, Struct


class MetricsSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[metrics]`: what `/metrics` tells."""

    # series for so many certificates of each use, those that end first; 0: one for each use
    certificate_series: Annotated[int, Meta(ge=0, le=10_000)] = 0


class CloudWatchSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[cloudwatch]`: DaysToExpiry of managed certificates, told to Amazon CloudWatch twice a day."""

    enabled: bool = False
    # AWS itself keeps names that begin with AWS/ to its own services
    namespace: Annotated[str, Meta(pattern=r"\A(?!:)[0-9A-Za-z.\-_/#: ]{1,255}\Z")] = "PrivySeal"
    region: str = ""
    endpoint_url: str = ""  # another server that speaks CloudWatch
    profile: str = ""
    alarm_days: Annotated[int, Meta(ge=0, le=36500)] = 0  # an alarm on the first to end; 0: none
    alarm_topic: str = ""  # the ARN of the SNS topic that the alarm is told to


class TracingSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[tracing]`: OpenTelemetry spans of requests and issuing batches."""

    # where OTLP is taken over HTTP, such as http://127.0.0.1:4318/v1/traces; nothing is traced without it
    endpoint: Annotated[str, Meta(pattern=r"\A(https?://[!-~]{1,500})?\Z")] = ""
