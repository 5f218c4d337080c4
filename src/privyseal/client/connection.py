"""How a program finds the running service: a data directory, or variables.

The service writes `environment.json` into its data directory (mode 0600, it holds an access key).
The first of these that is there is taken, and nothing of the others:

1. the data directory that was named (`--data-dir`, PRIVYSEAL_DATA_DIR);
2. PRIVYSEAL_URL (or AWS_ENDPOINT_URL) with the AWS_ variables of an access key;
3. the default data directory.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from privyseal.client.api import PrivySealClient
from privyseal.client.errors import ClientError, NoServiceError

FILE_NAME = "environment.json"
MAX_FILE = 64 * 1024
DEFAULT_REGION = "us-east-1"

# What is written to a file must be there to be of use; the rest may be absent or null.
_REQUIRED = ("url", "access_key_id", "secret_access_key", "region")
_OPTIONAL = ("session_token", "root_ca_arn", "issuing_ca_arn", "ca_bundle", "tls_ca_bundle")

# Member → the variables that may hold it, the first that is set counts.
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "url": ("PRIVYSEAL_URL", "AWS_ENDPOINT_URL"),
    "access_key_id": ("AWS_ACCESS_KEY_ID",),
    "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "session_token": ("AWS_SESSION_TOKEN",),
    "region": ("AWS_DEFAULT_REGION", "AWS_REGION"),
    "root_ca_arn": ("PRIVYSEAL_ROOT_CA_ARN",),
    "issuing_ca_arn": ("PRIVYSEAL_ISSUING_CA_ARN",),
    "ca_bundle": ("PRIVYSEAL_CA_BUNDLE",),
    "tls_ca_bundle": ("AWS_CA_BUNDLE",),
}


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the service is and with which key it is called."""

    url: str
    access_key_id: str
    secret_access_key: str
    region: str
    session_token: str | None = None
    root_ca_arn: str | None = None
    issuing_ca_arn: str | None = None
    ca_bundle: str | None = None  # absolute path of a PEM file with the roots of its authorities
    tls_ca_bundle: str | None = (
        None  # the same of what its own certificate is checked against; None: the system's
    )

    @property
    def has_tls(self) -> bool:
        return self.url.startswith("https:")

    def client(self) -> PrivySealClient:
        return PrivySealClient(
            self.url,
            self.access_key_id,
            self.secret_access_key,
            session_token=self.session_token,
            region=self.region,
            ca_bundle=self.tls_ca_bundle if self.has_tls else None,
        )


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_DATA_HOME/privyseal`, by default `~/.local/share/privyseal` (XDG Base Directory 0.8)."""
    base = Path(environ.get("XDG_DATA_HOME", ""))
    # The specification says that a relative path is to be ignored.
    return (base if base.is_absolute() else Path.home() / ".local" / "share") / "privyseal"


def find_environment(data_dir: Path | None = None, environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment of the service. Raises NoServiceError, which says what to type."""
    named = data_dir or (Path(environ["PRIVYSEAL_DATA_DIR"]) if environ.get("PRIVYSEAL_DATA_DIR") else None)
    if named is not None:
        return read_environment(named)
    if any(environ.get(name) for name in _VARIABLES["url"]):
        return _from_variables(environ)
    directory = default_data_dir(environ)
    if (directory / FILE_NAME).exists():
        return read_environment(directory)
    raise NoServiceError(
        f"no service is known: {directory / FILE_NAME} does not exist and PRIVYSEAL_URL is not set",
        "Start one with `privyseal up`, or name its directory with --data-dir.",
    )


def read_environment(data_dir: Path) -> Environment:
    """What the service of this data directory has written about itself."""
    path = data_dir / FILE_NAME
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise NoServiceError(
            f"{path} does not exist: no service has been started with this directory",
            f"Start one with `privyseal up{_option(data_dir)}`.",
        ) from error
    except OSError as error:
        raise NoServiceError(f"{path} cannot be read: {error.strerror}") from error
    return _environment(_members(content, path), path)


def _option(data_dir: Path) -> str:
    return "" if data_dir == default_data_dir() else f" --data-dir {data_dir}"


def _members(content: bytes, path: Path) -> dict[str, object]:
    try:
        members = json.loads(content) if len(content) <= MAX_FILE else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise _damaged(path)
    return members


def _environment(members: Mapping[str, object], path: Path) -> Environment:
    values = {name: members.get(name) for name in (*_REQUIRED, *_OPTIONAL)}
    for name, value in values.items():
        if not (isinstance(value, str) and value) and not (value is None and name in _OPTIONAL):
            raise _damaged(path)
    return Environment(**values)  # type: ignore[arg-type]  # checked one line up


def _damaged(path: Path) -> ClientError:
    return ClientError(
        f"{path} is not what the service writes", "Start `privyseal up` again: it rewrites the file."
    )


def _from_variables(environ: Mapping[str, str]) -> Environment:
    values: dict[str, str] = {}
    for member, names in _VARIABLES.items():
        found = next((environ[name] for name in names if environ.get(name)), None)
        if found is not None:
            values[member] = found
    values.setdefault("region", DEFAULT_REGION)
    for member in _REQUIRED:
        if member not in values:
            raise NoServiceError(
                f"{' or '.join(_VARIABLES['url'])} is set, but {_VARIABLES[member][0]} is not",
                'Set them with `eval "$(privyseal env)"`, or name the service with --data-dir.',
            )
    return Environment(**values)
