"""The sections about devices: who issues for them, where they are registered, who knows them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from privyseal.settings.values import Burst, Rate, Region


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
    new_keys: bool = False  # whether a device that rotates over mutual TLS may bring a new key
    registrars: tuple[str, ...] = ()  # the names of `[registrars.NAME]` sections, in this order
    # A reply is a link when the answer is not there after so long (`Prefer: respond-async`: at once).
    answer_seconds: Annotated[float, Meta(ge=0, le=300)] = 20.0
    links: Literal["own", "s3"] = "own"  # who hands the answer out: this service, or S3 (as `[publisher]`)
    link_hours: Annotated[float, Meta(ge=0.25, le=168)] = 24.0  # SigV4 presigns for 7 days at most
    link_bucket: str = ""  # with `s3`, like the next one
    link_prefix: str = "device-answers/"
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
    # The regions that must have a certificate before it is released: all, or this installation's alone; then
    # the others get it at the same time, or as soon as they can be reached.
    required: Literal["all", "home"] = "all"


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
