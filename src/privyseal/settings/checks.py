"""What no single setting can say about itself: which belong together, and what a section names."""

import re
from pathlib import Path

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.patterns import compile_pattern
from privyseal.settings.devices import AwsIotSettings
from privyseal.settings.model import Settings

# A DNS name (its xn-- form where it is not ASCII) or an address.
_NAME = re.compile(r"\A(?=.{1,253}\Z)(?:[A-Za-z0-9*](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)\Z")

# Of git remotes; none: `user@host:path`, as ssh has it. Another one would be taken for a host.
_GIT_SCHEMES = frozenset({"", "https", "http", "ssh", "git", "file"})


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
    _check_device_port(settings)
    _check_devices(settings)
    _check_rules(settings)
    _check_gitops(settings)
    return settings


def _check_rules(settings: Settings) -> None:
    """Patterns are patterns, and targets are there; of rules that are switched off, too."""
    for name, rule in settings.rules.items():
        try:
            compile_pattern(rule.pattern)
        except PrivySealError as error:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"[rules.{name}]: {error.message}") from None
        for target in rule.targets:
            if target not in settings.targets:
                text = f"[rules.{name}]: there is no section [targets.{target}]."
                raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)


def _check_gitops(settings: Settings) -> None:
    section = settings.serverless.gitops
    needed = {"directory": section.directory, "git": section.url}
    if section.source in needed and not needed[section.source]:
        name = "directory" if section.source == "directory" else "url"
        text = f'serverless.gitops.source = "{section.source}" needs {name}.'
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    # Errors name the address, and what stands before the @ of https is often a token.
    if re.match(r"https?://[^/]*@|[a-z+]+://[^/]*:[^/]*@", section.url):
        text = "serverless.gitops.url has a user or a password in it: see username and password-file."
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    scheme = section.url.partition("://")[0] if "://" in section.url else ""
    if scheme not in _GIT_SCHEMES:
        text = f"serverless.gitops.url begins with https://, ssh:// or file://, not with {scheme}://."
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    files = ("directory", "allowed_signers", "pgp_keys", "password_file")
    for name in files:
        path = getattr(section, name)
        if path and not Path(path).is_absolute():
            setting = f"serverless.gitops.{name.replace('_', '-')}"
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{setting} is a whole path, from the root.")
    if section.source != "git" and (section.allowed_signers or section.pgp_keys):
        text = 'Commit signatures (allowed-signers, pgp-keys) are for serverless.gitops.source = "git".'
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)


def _check_device_port(settings: Settings) -> None:
    others = {settings.port, settings.status_port, settings.revocation_port}
    if settings.device_port and settings.device_port in others:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "device-port is the port of something else: devices that rotate need one of their own.",
        )
    if settings.device_port is not None and settings.devices.issuer != "local":
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "device-port needs the local issuer: its authority is whose certificates are accepted there.",
        )


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
    if (settings.devices.links == "s3") != bool(settings.devices.link_bucket):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, 'devices.link-bucket is for devices.links = "s3", which needs one.'
        )
    if settings.devices.links == "s3" and settings.publisher.type != "s3":
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            'devices.links = "s3" uses the S3 of [publisher]: give that type = "s3", its region and so on.',
        )
    for name in settings.devices.registrars:
        if name not in settings.registrars:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"There is no section [registrars.{name}].")
    _check_policies(settings)
    _check_required(settings)
    if settings.devices.source not in {"", *settings.sources}:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"There is no section [sources.{settings.devices.source}]."
        )


def _check_policies(settings: Settings) -> None:
    for name, section in settings.registrars.items():
        if not isinstance(section, AwsIotSettings) or not section.policy_document:
            continue
        try:
            document = strict_json.load(section.policy_document)
        except ValueError as error:
            text = f"[registrars.{name}]: policy-document is not JSON: {error}."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text) from None
        if not isinstance(document, dict):
            text = f"[registrars.{name}]: policy-document is no policy: it has to be a JSON object."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)


def _check_required(settings: Settings) -> None:
    """Somebody must know a certificate when its device gets it, or the device could connect nowhere."""
    named = [settings.registrars[name] for name in settings.devices.registrars]
    if named and not any(
        not isinstance(each, AwsIotSettings) or each.required == "all" or settings.region in each.regions
        for each in named
    ):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f'required = "home" needs this installation\'s own region, {settings.region} (the setting '
            "`region`), among the regions of a registrar.",
        )
