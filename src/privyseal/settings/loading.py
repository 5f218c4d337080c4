"""Where settings come from: the command line, variables, the TOML file."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings.checks import checked
from privyseal.settings.model import Settings

CONFIG_FILE = "privyseal.toml"
_PREFIX = "PRIVYSEAL_"
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
    {
        "audit",
        "aws-kms",
        "cloudwatch",
        "crl",
        "devices",
        "events",
        "issuers",
        "managed",
        "metrics",
        "names",
        "publisher",
        "quotas",
        "registrars",
        "rules",
        "serverless",
        "sources",
        "targets",
        "tracing",
    }
)


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
            why = _with_its_section(str(error), values)
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"A setting {where} is wrong: {why}") from None
    together = {name: value for _, values in sources for name, value in values.items()}
    return checked(msgspec.convert(together, Settings, strict=False))


def _with_its_section(why: str, values: Mapping[str, Any]) -> str:
    """Names the section `[targets.NAME]`, as msgspec does not: it is the one that alone is as wrong."""
    for table, sections in values.items():
        unnamed = f"$.{table}[...]"
        for name in sections if unnamed in why and isinstance(sections, dict) else ():
            try:
                msgspec.convert({table: {name: sections[name]}}, Settings, strict=False)
            except msgspec.ValidationError as error:
                if str(error) == why:
                    return why.replace(unnamed, f"[{table}.{name}]")
    return why


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
