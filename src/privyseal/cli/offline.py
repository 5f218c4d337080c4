"""Commands that work on a data directory and not through a service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from privyseal import wiring
from privyseal.cli.options import output_option
from privyseal.cli.output import show_json
from privyseal.client.connection import default_data_dir
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting import bootstrap
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import load

Audit = wiring.Audit


@click.command(epilog="Example:  privyseal init --data-dir /var/lib/privyseal --region eu-central-1")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PRIVYSEAL_DATA_DIR",
    help="Where everything is kept [default: ~/.local/share/privyseal].",
)
@click.option("--region", help="The AWS region that this installation is [us-east-1].")
@click.option("--account", help="The AWS account that this installation is, 12 digits [000000000000].")
@output_option
def init(data_dir: Path | None, region: str | None, account: str | None, output: str) -> None:
    """Create a data directory with an administrator's key and no authority.

    For operators who make their own authorities: continue with `privyseal serve`.
    """
    directory = DataDirectory(data_dir or default_data_dir())
    settings = load({"region": region, "account": account}, directory.path)
    directory.prepare()
    with directory.locked(), wiring.offline(directory, settings) as parts:
        key = bootstrap.admin_key(directory, settings, parts.find_key, parts.insert_key)
    if output == "json":
        show_json({"data_dir": str(directory.path), "access_key_id": key.id})
        return
    click.echo(f"{directory.path} is ready; the administrator's access key is {key.id}.")
    click.echo(
        "Back up the file kek apart from the rest. "
        f"Serve it with: privyseal serve --data-dir {directory.path}"
    )


@contextmanager
def opened_trail(data_dir: Path | None) -> Iterator[tuple[DataDirectory, wiring.Audit]]:
    """The audit trail of a data directory, for reading, whether or not a service runs on it."""
    named = data_dir or os.environ.get("PRIVYSEAL_DATA_DIR")
    directory = DataDirectory(Path(named) if named else default_data_dir())
    if not directory.database.exists():
        raise PrivySealError(ErrorCode.UNAVAILABLE, f"{directory.path} holds no installation.")
    with wiring.audit(directory) as trail:
        yield directory, trail
