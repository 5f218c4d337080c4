"""Every setting of the service: its name, its default, its unit, one sentence.

A setting comes, first wins, from the command line, from a `PRIVYSEAL_…` variable, from the TOML
file (`--config`, else `privyseal.toml` in the data directory), from its default. A name that is
not a setting is an error, in the file and among the variables.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from privyseal.errors import ErrorCode, PrivySealError

CONFIG_FILE = "privyseal.toml"
_PREFIX = "PRIVYSEAL_"
# A DNS name (its xn-- form where it is not ASCII) or an address.
_NAME = re.compile(r"\A(?=.{1,253}\Z)(?:[A-Za-z0-9*](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)\Z")
# Variables with the prefix that are no settings: what `privyseal env` prints for its users, where
# the settings themselves are found, and what opt-in tests read.
NO_SETTINGS = frozenset(
    {
        "URL",
        "ROOT_CA_ARN",
        "ISSUING_CA_ARN",
        "CA_BUNDLE",
        "DATA_DIR",
        "CONFIG",
        "LIVE_CA_ARN",
        "REQUIRE_PROGRAMS",
        "TERRAFORM_PLUGINS",
    }
)

# Lists and tables: no variable holds one.
_IN_THE_FILE_ALONE = frozenset(
    {"audit", "crl", "devices", "issuers", "names", "publisher", "quotas", "registrars", "sources"}
)

Port = Annotated[int, Meta(ge=0, le=65535)]
Rate = Annotated[float, Meta(ge=0, le=1_000_000)]
Burst = Annotated[int, Meta(ge=1, le=1_000_000)]
Region = Annotated[str, Meta(pattern=r"\A[a-z0-9-]{3,32}\Z")]


class DeviceSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[devices]`: how devices get their certificates."""

    issuer: str = "local"  # the name of an `[issuers.NAME]` section, or `local`
    authority: str = ""  # the issuing authority's ARN; the default issuing CA where empty
    template: str = "EndEntityCertificate/V1"
    validity_days: Annotated[int, Meta(ge=1, le=36500)] = 365
    names: Literal["own", "any"] = "own"  # alternative names: the device's own, or any that a CSR asks for
    proto_issuer: str = ""  # who issues for POST /proto, where it is not `issuer`
    source: str = ""  # the name of a `[sources.NAME]` section: asked for devices that are not registered
    # Requests a second that are let through, and how many at once; 0 lets all through. Of one client
    # address, and of one device that has proved its key.
    address_rate: Rate = 200.0
    address_burst: Burst = 4000
    device_rate: Rate = 0.1
    device_burst: Burst = 20
    registrars: tuple[str, ...] = ()  # the names of `[registrars.NAME]` sections, in this order
    grace_hours: Annotated[float, Meta(ge=0, le=87600)] = 24.0  # so long the certificate before still works


class IssuerSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[issuers.NAME]`: somebody elsewhere who vends for devices."""

    type: Literal["aws-pca", "aws-iot"]
    authority: str = ""  # its ARN; with `aws-pca`, like the last two
    region: str = ""
    endpoint_url: str = ""
    profile: str = ""
    template: str = "EndEntityCertificate/V1"
    validity_days: Annotated[int, Meta(ge=1, le=36500)] = 365


class AwsIotSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="aws-iot"
):
    """`[registrars.NAME]` with `type = "aws-iot"`: AWS IoT Core in some regions."""

    regions: Annotated[tuple[Region, ...], Meta(min_length=1)]
    endpoint_url: str = ""
    profile: str = ""
    policy: Annotated[str, Meta(pattern=r"\A[\w+=,.@-]{1,128}\Z")] = "privyseal-device"
    policy_document: str = ""  # JSON, for where there is no policy of that name; by default a narrow one
    without_ca: bool = False  # RegisterCertificateWithoutCA: no CA in AWS, devices send a server name
    withdrawal: Literal["revoke", "deactivate", "delete"] = "revoke"  # of a certificate that has had its day


class MosquittoSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="mosquitto"
):
    """`[registrars.NAME]` with `type = "mosquitto"`: a broker on this machine, with mutual TLS."""

    folder: str  # where its ca.pem, crl.pem and acl are kept
    endpoint: str = ""  # HOST or HOST:PORT, where devices connect
    pid_file: str = ""  # of the broker, which gets SIGHUP; or
    reload: tuple[str, ...] = ()  # … a command that makes it read its files again
    topics: Annotated[tuple[str, ...], Meta(min_length=1)] = ("devices/%u/#",)  # of a device; %u is its id
    authorities: tuple[str, ...] = ()  # ARNs, besides the issuing one: those before it, for instance


class SourceSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[sources.NAME]`: a list of devices elsewhere."""

    type: Literal["dynamodb"]
    table: str
    region: str = ""
    endpoint_url: str = ""
    profile: str = ""


class PublisherSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[publisher]`: where the buckets are that calls name."""

    type: Literal["directory", "s3"] = "directory"  # below the data directory, or in Amazon S3
    endpoint_url: str = ""  # of another server that speaks S3; these three are for `s3`
    region: str = ""
    profile: str = ""


class QuotaSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[quotas]`: nothing is limited that is not named here."""

    certificates_per_authority: Annotated[int, Meta(ge=1)] | None = None  # AWS: 1000000
    # operation → requests a second in each worker process; AWS: IssueCertificate 25
    requests_per_second: dict[str, Annotated[float, Meta(gt=0, le=1_000_000)]] = {}


class AuditSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[audit]`: checkpoints of the audit trail, and where they are kept outside the database."""

    interval_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0  # between checkpoints
    sink: Literal["directory", "s3"] = "directory"
    directory: str = ""  # with `directory`: the folder; `audit` in the data directory where empty
    bucket: str = ""  # these five are for `s3`
    prefix: str = ""
    endpoint_url: str = ""
    region: str = ""
    profile: str = ""


class CrlSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[crl]`: certificate revocation lists."""

    partition_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 100_000  # certificates of one partition
    delta: bool = False  # delta CRLs beside the complete ones, which name them


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
    crl: CrlSettings = CrlSettings()
    audit: AuditSettings = AuditSettings()
    publisher: PublisherSettings = PublisherSettings()
    quotas: QuotaSettings = QuotaSettings()

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def serves_tls(self) -> bool:
        return bool(self.tls_certificate) or not (self.on_loopback or self.insecure_plain_http)


def load(
    given: Mapping[str, Any],
    data_dir: Path,
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """All settings. `given` are the command line's, None where nothing was given.

    Raises INVALID_ARGUMENT for an unknown name, a wrong type or a value out of range.
    """
    file = config or (Path(environ["PRIVYSEAL_CONFIG"]) if environ.get("PRIVYSEAL_CONFIG") else None)
    sources: tuple[tuple[str, Mapping[str, Any]], ...] = (
        (f"in {file or data_dir / CONFIG_FILE}", _from_file(file, data_dir)),
        ("among the variables PRIVYSEAL_…", _from_variables(environ)),
        ("on the command line", {name: value for name, value in given.items() if value is not None}),
    )
    for where, values in sources:
        try:
            msgspec.convert(values, Settings, strict=False)
        except msgspec.ValidationError as error:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"A setting {where} is wrong: {error}") from None
    together = {name: value for _, values in sources for name, value in values.items()}
    return _checked(msgspec.convert(together, Settings, strict=False))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(settings: Settings) -> Settings:
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, "tls-certificate and tls-key belong together: give both or neither."
        )
    if settings.status_port and settings.status_port == settings.port:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "port and status-port are the same: give metrics and health their own.",
        )
    if (settings.audit.sink == "s3") != bool(settings.audit.bucket):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, 'audit.bucket is for audit.sink = "s3", which needs one.'
        )
    if settings.audit.directory and not Path(settings.audit.directory).is_absolute():
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, "audit.directory is the whole path of a folder, from the root."
        )
    if settings.revocation_port and settings.revocation_port in {settings.port, settings.status_port}:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "revocation-port is the port of something else: give CRLs and OCSP one of their own.",
        )
    for name in settings.names:
        if not _NAME.match(name):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, f"The name {name!r} is no DNS name or address (--name, names)."
            )
    _check_devices(settings)
    return settings


def _check_devices(settings: Settings) -> None:
    """What the sections about devices name must be there."""
    for name in (settings.devices.issuer, settings.devices.proto_issuer or settings.devices.issuer):
        if name not in {"local", *settings.issuers}:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"There is no section [issuers.{name}].")
    for name, issuer in settings.issuers.items():
        needed = "authority" if issuer.type == "aws-pca" else "region"
        if not getattr(issuer, needed):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, f"[issuers.{name}] is of type {issuer.type}: it needs {needed}."
            )
    for name in settings.devices.registrars:
        if name not in settings.registrars:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"There is no section [registrars.{name}].")
    if settings.devices.source not in {"", *settings.sources}:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"There is no section [sources.{settings.devices.source}]."
        )


def _from_file(config: Path | None, data_dir: Path) -> dict[str, Any]:
    path = config or data_dir / CONFIG_FILE
    if config is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{path} is not TOML: {error}") from None


def _from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """`PRIVYSEAL_STATUS_PORT` is `status-port`; tables are for the file alone."""
    known = {each.encode_name for each in msgspec.structs.fields(Settings)} - _IN_THE_FILE_ALONE
    values: dict[str, Any] = {}
    for variable, value in environ.items():
        label = variable.removeprefix(_PREFIX)
        if label == variable or label in NO_SETTINGS:
            continue
        name = label.lower().replace("_", "-")
        if name not in known or label != name.upper().replace("-", "_"):  # one spelling only
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"The variable {variable} is not a setting.")
        values[name] = value
    return values
