"""`privyseal device`: which device has which key, and whether it may have certificates."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import click

from privyseal.cli.device_dns import dns
from privyseal.cli.device_file import MEMBERS, OPTIONAL, csv_line
from privyseal.cli.device_import import import_
from privyseal.cli.device_registrations import behind, register_all, show
from privyseal.cli.files import read_input
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.cli.register_ca import register_ca
from privyseal.cli.rotate_ca import rotate_ca
from privyseal.cli.simulate import simulate
from privyseal.client import Environment
from privyseal.client.api import segment

Command = TypeVar("Command", bound=Callable[..., Any])

CHUNK = 1000  # devices that one call changes
PAGE = 1000  # … and that one page of a listing has
STATES = ("registered", "active", "suspended", "retired")
# A state → the status that a list has for it: importing an exported list gives the same.
STATUS = {"registered": "active", "active": "active", "suspended": "suspended", "retired": "retired"}


@click.group()
def device() -> None:
    """Register devices, list them, suspend and retire them."""


device.add_command(import_)
device.add_command(show)
device.add_command(behind)
device.add_command(register_all)


def selecting(command: Command) -> Command:
    """Options that say which devices are meant; the command gets them as a query."""
    options = (
        click.option("--batch", help="Only this batch."),
        click.option("--status", "state", type=click.Choice(STATES), help="Only in this state."),
        click.option("--search", "prefix", metavar="PREFIX", help="Only ids that begin with this."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@device.command("list", epilog=example("privyseal device list --batch lot-7 --status suspended"))
@selecting
@output_option
@with_environment
def list_(
    environment: Environment, batch: str | None, state: str | None, prefix: str | None, output: str
) -> None:
    """List the registered devices, in order of their ids."""
    found = _found(environment, batch, state, prefix)
    if output == "json":
        show_json({"devices": list(found)})
        return
    show_rows(("DEVICE", "STATUS", "BATCH", "REGISTERED", "CERTIFICATE"), map(_cells, found))


@device.command(epilog=example("privyseal device export --batch lot-7 > lot-7.csv"))
@selecting
@click.option(
    "--output",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="CSV or JSON lines.",
)
@with_environment
def export(
    environment: Environment, batch: str | None, state: str | None, prefix: str | None, output: str
) -> None:
    """Print devices as a list that `device import` reads."""
    names = (*MEMBERS, *OPTIONAL)
    if output == "csv":
        click.echo(csv_line(names))
    for entry in _found(environment, batch, state, prefix):
        values = (entry["device_id"], entry["public_key"], STATUS[entry["state"]], entry["batch"])
        if output == "csv":
            click.echo(csv_line(tuple(value or "" for value in values)))
        else:
            click.echo(json.dumps({name: value for name, value in zip(names, values, strict=True) if value}))


@device.command(epilog=example("privyseal device rekey sensor-0001 sensor-0001.pub"))
@click.argument("device_id")
@click.argument("key", metavar="KEY", type=click.Path(allow_dash=True))
@output_option
@with_environment
def rekey(environment: Environment, device_id: str, key: str, output: str) -> None:
    """Give one device another public key: the one in the file KEY (- for standard input).

    From now on only that key gets certificates. Those that there are stay valid until they are revoked.
    """
    text = read_input(key).decode("ascii", "replace")
    path = f"/devices/{segment(device_id)}/key"
    _show(environment.client().rest("PUT", path, {"public_key": text}), output)


def _change(word: str, help_text: str) -> None:
    """Add the command that lets one thing happen to many devices."""

    @device.command(word, help=help_text, epilog=example(f"privyseal device {word} sensor-0001"))
    @click.argument("device_ids", metavar="[DEVICE_ID]...", nargs=-1)
    @click.option("--batch", help="All devices of this batch.")
    @output_option
    @with_environment
    def command(environment: Environment, device_ids: tuple[str, ...], batch: str | None, output: str) -> int:
        if bool(device_ids) == (batch is not None):
            text = "Name devices, or a batch with --batch."
            raise click.UsageError(text)
        return _apply(environment, word, iter(device_ids), batch, output)


_change("suspend", "Give these devices no certificates, until they are resumed.")
_change("resume", "Let suspended devices have certificates again.")
_change("retire", "Give these devices no certificates ever again: this cannot be undone.")


def _apply(environment: Environment, word: str, ids: Iterator[str], batch: str | None, output: str) -> int:
    if batch is not None:
        ids = (entry["device_id"] for entry in _found(environment, batch, None, None))
    client = environment.client()
    done: dict[str, Any] = {"changed": 0, "unchanged": 0, "errors": []}
    while some := list(islice(ids, CHUNK)):
        reply = client.rest("POST", f"/devices/{word}", {"device_ids": some})
        done["changed"] += reply["changed"]
        done["unchanged"] += reply["unchanged"]
        done["errors"] += [
            {name: error[name] for name in ("device_id", "code", "message")} for error in reply["errors"]
        ]
    if output == "json":
        show_json(done)
    else:
        for error in done["errors"]:
            click.echo(clean(f"{error['device_id']}: {error['message']}"), err=True)
        click.echo(f"{done['changed']} changed, {done['unchanged']} unchanged, {len(done['errors'])} refused")
    return 1 if done["errors"] else 0


def _found(
    environment: Environment, batch: str | None, state: str | None, prefix: str | None
) -> Iterable[dict[str, Any]]:
    asked: dict[str, str | int | None] = {"batch": batch, "state": state, "prefix": prefix, "limit": PAGE}
    query = {name: value for name, value in asked.items() if value is not None}
    return environment.client().pages("/devices", "devices", query)


def _show(entry: Mapping[str, Any], output: str) -> None:
    if output == "json":
        show_json(entry)
    else:
        show_fields({name.replace("_", " "): value for name, value in entry.items()})


def _cells(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        entry["device_id"],
        entry["state"],
        entry["batch"] or "-",
        entry["created_at"],
        entry["certificate_arn"] or "-",
    )


device.add_command(simulate)


device.add_command(register_ca)
device.add_command(rotate_ca)


device.add_command(dns)
