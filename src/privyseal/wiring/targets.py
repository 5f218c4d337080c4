"""Targets of events, from the sections `[targets.NAME]`, and who is subscribed to those that send mail."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Target
from privyseal.events.subscribing import Post, Subscribing
from privyseal.events.subscriptions import Subscriptions
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.program_file import check_program
from privyseal.hosting.secret_file import read_secret
from privyseal.settings import Settings
from privyseal.settings.targets import SmtpTargetSettings, TargetSettings
from privyseal.store import Tx
from privyseal.targets import TARGETS
from privyseal.targets.python_handler import ServiceAccess
from privyseal.targets.smtp import SmtpTarget
from privyseal.wiring.parts import Parts
from privyseal.wiring.shelves import row


def targets(parts: Parts) -> dict[str, Target]:
    """Made once. Raises INVALID_ARGUMENT where a section names a file that is not there, a secret that
    others can read, or a program that everybody can change.
    """
    for name, section in parts.settings.targets.items():
        if name not in parts.targets:
            parts.targets[name] = _target(parts, name, section)
    return parts.targets


def subscriptions(parts: Parts) -> Subscriptions:
    def url_of(target: str) -> str:
        section = parts.settings.targets.get(target)
        given = section.link_url if isinstance(section, SmtpTargetSettings) else ""
        return (given or str(parts.directory.read_environment().get("url", ""))).rstrip("/")

    return Subscriptions(parts.store, parts.subscription_rows, url_of)


def recipients(parts: Parts) -> dict[str, Callable[[Tx, str], Sequence[str]]]:
    """Of targets that send to subscribers: how to know to whom."""
    found = subscriptions(parts)
    return {name: found.recipients for name, each in targets(parts).items() if isinstance(each, SmtpTarget)}


def subscribing(parts: Parts) -> Subscribing:
    def posts() -> Mapping[str, Post]:
        return {name: each for name, each in targets(parts).items() if isinstance(each, SmtpTarget)}

    return Subscribing(parts.store, parts.subscription_rows, subscriptions(parts), posts)


def _target(parts: Parts, name: str, section: TargetSettings) -> Target:
    """A section's fields are the arguments; of a secret's file, its content."""
    kind = str(section.__struct_config__.tag)
    given: dict[str, Any] = structs.asdict(section)
    if "secret_file" in given:
        given["secret"] = _secret(name, "secret-file", given.pop("secret_file"))
    if "password_file" in given:
        path = given.pop("password_file")
        if bool(path) != bool(given["username"]):
            text = f"username and password-file of [targets.{name}] belong together: give both or neither."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        given["password"] = _secret(name, "password-file", path).decode(errors="replace") if path else ""
    if given.get("credentials_file"):
        _secret(name, "credentials-file", given["credentials_file"])  # whoever reads it, it has to be there
    if kind in {"webhook", "smtp"}:
        given["clock"] = parts.clock
    if kind == "smtp":
        del given["link_url"]
        given["recipient"] = subscriptions(parts).recipient
    if kind == "python-handler":
        given["access"] = lambda: _access(parts.directory, parts.settings)
        check_program(given["file"], f"file of [targets.{name}]", executable=False)
    made: Target = row(TARGETS, kind)(name, **given)
    if kind == "command":
        check_program(given["command"][0], f"command of [targets.{name}]", executable=True)
    return made


def _secret(name: str, setting: str, path: str) -> bytes:
    return read_secret(path, f"{setting} of [targets.{name}]")


def _access(directory: DataDirectory, settings: Settings) -> ServiceAccess:
    """As the service has noted at its start where it is."""
    noted = directory.read_environment()
    return ServiceAccess(
        url=str(noted.get("url", "")),
        region=settings.region,
        account=settings.account,
        ca_bundle=str(noted.get("tls_ca_bundle") or "") if settings.serves_tls else "",
        access_key_id=str(noted.get("access_key_id", "")),
        secret_access_key=str(noted.get("secret_access_key", "")),
    )
