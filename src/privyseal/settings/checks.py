"""What no single setting can say about itself: which belong together, and what a section names."""

import re
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings.model import Settings

# A DNS name (its xn-- form where it is not ASCII) or an address.
_NAME = re.compile(r"\A(?=.{1,253}\Z)(?:[A-Za-z0-9*](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)\Z")


def checked(settings: Settings) -> Settings:
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
