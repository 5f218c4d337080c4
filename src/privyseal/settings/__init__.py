"""Every setting of the service: its name, its default, its unit, one sentence.

A setting comes, first wins, from the command line, from a `PRIVYSEAL_…` variable, from the TOML
file (`--config`, else `privyseal.toml` in the data directory), from its default. A name that is
not a setting is an error, in the file and among the variables.
"""

from privyseal.settings.devices import (
    AwsIotSettings,
    DeviceSettings,
    IssuerSettings,
    MosquittoSettings,
    SourceSettings,
)
from privyseal.settings.events import EventSettings, RuleSettings
from privyseal.settings.loading import CONFIG_FILE, NO_SETTINGS, load
from privyseal.settings.managed import ManagedSettings
from privyseal.settings.model import Settings
from privyseal.settings.monitoring import CloudWatchSettings, MetricsSettings, TracingSettings
from privyseal.settings.serverless import ServerlessSettings
from privyseal.settings.storage import AuditSettings, CrlSettings, PublisherSettings, QuotaSettings
from privyseal.settings.values import is_loopback

__all__ = [
    "CONFIG_FILE",
    "NO_SETTINGS",
    "AuditSettings",
    "AwsIotSettings",
    "CloudWatchSettings",
    "CrlSettings",
    "DeviceSettings",
    "EventSettings",
    "IssuerSettings",
    "ManagedSettings",
    "MetricsSettings",
    "MosquittoSettings",
    "PublisherSettings",
    "QuotaSettings",
    "RuleSettings",
    "ServerlessSettings",
    "Settings",
    "SourceSettings",
    "TracingSettings",
    "is_loopback",
    "load",
]
