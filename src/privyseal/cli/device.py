"""`privyseal device`: which device has which key."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import click

from privyseal.cli.device_file import BadRecord, Device, read_devices
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.client import ClientError, Environment, PrivySealClient
from privyseal.client.api import segment
from privyseal.errors import PrivySealError

CHUNK = 500  # records, of at most 1000 that one call takes …
CHUNK_SIZE = 512 * 1024  # … and characters, since its body may have 1 MiB


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int
    device_id: str | None  # None: the record could not even be read
    code: str
    message: str


@dataclass(slots=True)
class Tally:
    imported: int = 0
    unchanged: int = 0
    errors: list[Refusal] = field(default_factory=list)


@click.group()
def device() -> None:
    """Register devices and list them."""


@device.command("import", epilog=example("privyseal device import factory-2026-11.csv"))
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@output_option
@with_environment
def import_(environment: Environment, file: str, output: str) -> int:
    """Register the devices in FILE (- for standard input).

    FILE is CSV with the header device_id,public_key, or JSON lines with these names. A key is PEM,
    base64 of PEM, or base64 of DER SubjectPublicKeyInfo. Importing the same file again changes nothing.
    """
    with os.fdopen(0, "rb", closefd=False) if file == "-" else Path(file).open("rb") as source:
        tally = _import(environment.client(), source, report=output == "text")
    if output == "json":
        show_json(asdict(tally))
    else:
        click.echo(f"{tally.imported} imported, {tally.unchanged} unchanged, {len(tally.errors)} refused")
    return 1 if tally.errors else 0


@device.command("list", epilog=example("privyseal device list --output json"))
@output_option
@with_environment
def list_(environment: Environment, output: str) -> None:
    """List the registered devices."""
    found = environment.client().pages("/devices", "devices")
    if output == "json":
        show_json({"devices": list(found)})
        return
    show_rows(("DEVICE", "REGISTERED", "CERTIFICATE"), map(_row, found))


@device.command(epilog=example("privyseal device show sensor-0001"))
@click.argument("device_id")
@output_option
@with_environment
def show(environment: Environment, device_id: str, output: str) -> None:
    """Show one device."""
    found = environment.client().rest("GET", f"/devices/{segment(device_id)}")
    if output == "json":
        show_json(found)
    else:
        show_fields({name.replace("_", " "): value for name, value in found.items()})


def _import(client: PrivySealClient, source: BinaryIO, *, report: bool) -> Tally:
    tally = Tally()
    done = 0
    try:
        for chunk in _chunks(_with_progress(read_devices(source), source)):
            for refusal in _send(client, chunk, tally):
                tally.errors.append(refusal)
                if report:
                    click.echo(clean(f"line {refusal.line}: {_named(refusal)}{refusal.message}"), err=True)
            done = chunk[-1].line
    except (ClientError, PrivySealError):
        if done:
            click.echo(f"stopped after the record of line {done}; importing the file again is safe", err=True)
        raise
    return tally


def _chunks(records: Iterable[Device | BadRecord]) -> Iterator[list[Device | BadRecord]]:
    """The records in as few calls as the limits of a call allow."""
    chunk: list[Device | BadRecord] = []
    size = 0
    for record in records:
        length = len(record.device_id) + len(record.public_key) if isinstance(record, Device) else 0
        if chunk and (len(chunk) == CHUNK or size + length > CHUNK_SIZE):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += length
    if chunk:
        yield chunk


def _send(client: PrivySealClient, chunk: list[Device | BadRecord], tally: Tally) -> Iterator[Refusal]:
    """One call for the readable records of the chunk; what is wrong with any, in the order of their lines."""
    devices = [record for record in chunk if isinstance(record, Device)]
    refusals = [
        Refusal(record.line, None, "malformed-request", record.message)
        for record in chunk
        if isinstance(record, BadRecord)
    ]
    if devices:
        body = {"devices": [{"device_id": d.device_id, "public_key": d.public_key} for d in devices]}
        reply = client.rest("POST", "/devices", body)
        tally.imported += int(reply["imported"])
        tally.unchanged += int(reply["unchanged"])
        for error in reply["errors"]:
            refused = devices[int(error["index"])]
            refusals.append(Refusal(refused.line, refused.device_id, error["code"], error["message"]))
    yield from sorted(refusals, key=lambda refusal: refusal.line)


def _with_progress(records: Iterable[Device | BadRecord], source: BinaryIO) -> Iterator[Device | BadRecord]:
    """The records, with a bar that follows the position in the file: on a terminal only."""
    size = os.fstat(source.fileno()).st_size if source.seekable() else 0
    if not (size and sys.stderr.isatty()):
        yield from records
        return
    with click.progressbar(length=size, label="importing", file=sys.stderr) as bar:
        for record in records:
            bar.update(source.tell() - bar.pos)
            yield record


def _named(refusal: Refusal) -> str:
    return f"{refusal.device_id}: " if refusal.device_id else ""


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return entry["device_id"], entry["created_at"], entry.get("certificate_arn") or "-"
