"""All settings together: those of the service itself, and its sections."""

from typing import Annotated

from msgspec import Meta, Struct

from privyseal.settings.devices import (
    AwsIotSettings,
    DeviceSettings,
    IssuerSettings,
    MosquittoSettings,
    SourceSettings,
)
from privyseal.settings.events import EventSettings, RuleName, RuleSettings
from privyseal.settings.managed import ManagedSettings
from privyseal.settings.monitoring import CloudWatchSettings, MetricsSettings, TracingSettings
from privyseal.settings.serverless import ServerlessSettings
from privyseal.settings.storage import (
    AuditSettings,
    AwsKmsSettings,
    CrlSettings,
    PublisherSettings,
    QuotaSettings,
)
from privyseal.settings.targets import TargetName, TargetSettings
from privyseal.settings.values import Port, Region, is_loopback


class Settings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    host: str = "127.0.0.1"  # the address that is served; not loopback: TLS
    port: Port = 8700  # 0: a free one
    workers: Annotated[int, Meta(ge=1, le=256)] = 1  # processes; one for each core at most
    region: Region = "us-east-1"  # in ARNs and signatures
    account: Annotated[str, Meta(pattern=r"\A[0-9]{12}\Z")] = "000000000000"  # in ARNs
    names: tuple[str, ...] = ()  # more DNS names and addresses for the service's own TLS certificate
    tls_certificate: str = ""  # PEM file, leaf first; by default the service's own CA issues one
    tls_key: str = ""  # PEM file
    insecure_plain_http: bool = False  # serve plain HTTP on an address that is not loopback
    status_host: str = "127.0.0.1"  # the address of metrics and health, where status-port is set
    status_port: Port | None = None  # metrics and health on an address of their own; plain HTTP
    device_host: str = "127.0.0.1"  # the address where devices rotate, where device-port is set
    device_port: Port | None = None  # POST /rotate over TLS with the device's certificate
    revocation_host: str = "127.0.0.1"  # the address of CRLs and OCSP, where revocation-port is set
    revocation_port: Port | None = None  # CRLs and OCSP on an address of their own; plain HTTP
    revocation_url: Annotated[str, Meta(pattern=r"\A(http://[!-~]{0,500}[!-.0-~])?\Z")] = (
        ""  # in certificates
    )
    log_level: Annotated[str, Meta(pattern=r"\A(?i:debug|info|warning|error)\Z")] = "warning"
    access_log: bool = False  # one line for each request (log-level info)
    asynchronous_issuing: bool = False  # IssueCertificate answers before it signs, as AWS does
    issuing_delay_seconds: Annotated[float, Meta(ge=0, le=3600)] = 0.0  # then: at least so much later
    devices: DeviceSettings = DeviceSettings()
    issuers: dict[str, IssuerSettings] = {}
    registrars: dict[str, AwsIotSettings | MosquittoSettings] = {}
    sources: dict[str, SourceSettings] = {}
    targets: dict[TargetName, TargetSettings] = {}
    rules: dict[RuleName, RuleSettings] = {}
    events: EventSettings = EventSettings()
    managed: ManagedSettings = ManagedSettings()
    serverless: ServerlessSettings = ServerlessSettings()
    metrics: MetricsSettings = MetricsSettings()
    cloudwatch: CloudWatchSettings = CloudWatchSettings()
    tracing: TracingSettings = TracingSettings()
    crl: CrlSettings = CrlSettings()
    audit: AuditSettings = AuditSettings()
    publisher: PublisherSettings = PublisherSettings()
    aws_kms: AwsKmsSettings = AwsKmsSettings()
    quotas: QuotaSettings = QuotaSettings()

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def needs_certificate(self) -> bool:
        """For its own address, or for that of devices."""
        return self.serves_tls or self.device_port is not None

    @property
    def serves_tls(self) -> bool:
        return bool(self.tls_certificate) or not (self.on_loopback or self.insecure_plain_http)
