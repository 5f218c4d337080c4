"""`privyseal device import`: lists of devices, sent in as few calls as the limits of a call allow.

It can be ended and repeated at any moment: what is registered already is unchanged, and a list is
sent again about as fast as it is read.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import click

from privyseal.cli.device_file import BadRecord, Device, read_devices
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_json
from privyseal.client import ClientError, Environment, PrivySealClient
from privyseal.errors import PrivySealError

CHUNK = 1000  # records: as many as one call takes …
CHUNK_SIZE = 512 * 1024  # … and characters, since its body may have 1 MiB
SHOWN = 100  # refusals that are printed; `--output json` has all

Record = Device | BadRecord


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int  # of the file; of a table, which record it was
    device_id: str | None  # None: the record could not even be read
    code: str
    message: str


@dataclass(slots=True)
class Tally:
    imported: int = 0
    unchanged: int = 0
    errors: list[Refusal] = field(default_factory=list)


@click.command("import", epilog=example("privyseal device import factory-2026-11.csv"))
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(allow_dash=True))
@click.option("--dynamodb", metavar="TABLE", help="Copy the devices of a DynamoDB table instead of a file.")
@click.option("--endpoint-url", help="With --dynamodb: another server that speaks DynamoDB.")
@click.option("--region", help="With --dynamodb: the table's region.")
@click.option("--profile", help="With --dynamodb: a profile of the AWS configuration.")
@output_option
@with_environment
def import_(
    environment: Environment,
    *,
    file: str | None,
    dynamodb: str | None,
    endpoint_url: str | None,
    region: str | None,
    profile: str | None,
    output: str,
) -> int:
    """Register the devices in FILE (- for standard input), or in a DynamoDB table.

    FILE is CSV with the header device_id,public_key, or JSON lines with these names. A key is PEM,
    base64 of PEM, or base64 of DER SubjectPublicKeyInfo. There may be a status (active, suspended,
    retired) and a batch. Importing the same again changes nothing, so a stopped import is repeated.
    """
    if (file is None) == (dynamodb is None):
        text = "Name a file, or a table with --dynamodb."
        raise click.UsageError(text)
    if dynamodb is None and (endpoint_url or region or profile):
        text = "--endpoint-url, --region and --profile belong to --dynamodb."
        raise click.UsageError(text)
    client, report = environment.client(), output == "text"
    if file is not None:
        with os.fdopen(0, "rb", closefd=False) if file == "-" else Path(file).open("rb") as source:
            tally = _import(client, _of_file(source), "line", report=report)
    else:
        from privyseal.cli.device_table import open_table, read_table  # noqa: PLC0415 - it loads boto3

        ours = environment.url
        table = open_table(str(dynamodb), endpoint_url, region, profile, not_at=ours)
        tally = _import(client, _counted(read_table(table), table.count), "item", report=report)
    if output == "json":
        show_json(asdict(tally))
    else:
        click.echo(f"{tally.imported} imported, {tally.unchanged} unchanged, {len(tally.errors)} refused")
    return 1 if tally.errors else 0


def _import(client: PrivySealClient, records: Iterator[Record], unit: str, *, report: bool) -> Tally:
    tally = Tally()
    done = 0
    try:
        for chunk in _chunks(records):
            for refusal in _send(client, chunk, tally):
                tally.errors.append(refusal)
                if report and len(tally.errors) <= SHOWN:
                    click.echo(clean(f"{unit} {refusal.line}: {_named(refusal)}{refusal.message}"), err=True)
            done = chunk[-1].line
    except (ClientError, PrivySealError, KeyboardInterrupt):
        if done:
            text = f"stopped after the record of {unit} {done}: import the same again and it goes on there"
            click.echo(text, err=True)
        raise
    if report and len(tally.errors) > SHOWN:
        more = len(tally.errors) - SHOWN
        click.echo(f"and {more} more, which `--output json` lists", err=True)
    return tally


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in as few calls as the limits of a call allow."""
    chunk: list[Record] = []
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


def _send(client: PrivySealClient, chunk: Sequence[Record], tally: Tally) -> Iterator[Refusal]:
    """One call for the readable records of the chunk; what is wrong with any, in the order of their lines."""
    devices = [record for record in chunk if isinstance(record, Device)]
    refusals = [
        Refusal(record.line, None, "malformed-request", record.message)
        for record in chunk
        if isinstance(record, BadRecord)
    ]
    if devices:
        reply = client.rest("POST", "/devices", {"devices": [_row(device) for device in devices]})
        tally.imported += int(reply["imported"])
        tally.unchanged += int(reply["unchanged"])
        for error in reply["errors"]:
            refused = devices[int(error["index"])]
            refusals.append(Refusal(refused.line, refused.device_id, error["code"], error["message"]))
    yield from sorted(refusals, key=lambda refusal: refusal.line)


def _row(device: Device) -> dict[str, str]:
    row = {"device_id": device.device_id, "public_key": device.public_key}
    more = {"status": device.status, "batch": device.batch}
    return row | {name: text for name, text in more.items() if text is not None}


def _of_file(source: BinaryIO) -> Iterator[Record]:
    """With a bar that follows the position in the file."""
    size = os.fstat(source.fileno()).st_size if source.seekable() else 0
    with _bar(size) as advance:
        for record in read_devices(source):
            if size:
                advance(source.tell())
            yield record


def _counted(records: Iterator[Record], count: Callable[[], int]) -> Iterator[Record]:
    """With a bar that counts them."""
    with _bar(count() if sys.stderr.isatty() else 0) as advance:
        for record in records:
            advance(record.line)
            yield record


class _Position:
    """Where a bar stands; without one it stands nowhere."""

    def __init__(self, bar: "click._termui_impl.ProgressBar[int] | None" = None) -> None:
        self._bar = bar

    def __call__(self, position: int) -> None:
        if self._bar is not None:
            self._bar.update(position - self._bar.pos)


@contextmanager
def _bar(size: int) -> Iterator[_Position]:
    """On a terminal only."""
    if not (size and sys.stderr.isatty()):
        yield _Position()
        return
    with click.progressbar(length=size, label="importing", file=sys.stderr) as bar:
        yield _Position(bar)


def _named(refusal: Refusal) -> str:
    return f"{refusal.device_id}: " if refusal.device_id else ""
