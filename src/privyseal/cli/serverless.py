"""`privyseal serverless`: certificates of serverless-ca's contract, for who has worked with its table."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import rfc3339, show_json, show_rows
from privyseal.cli.serverless_import import import_
from privyseal.client import Environment

HEAD = ("SERIAL NUMBER", "ISSUED", "EXPIRES", "REVOKED", "SUBJECT")
PAGE = 100


@click.group()
def serverless() -> None:
    """Certificates as serverless-ca has them: find, decode, and move a deployment here."""


@serverless.command(epilog=example("privyseal serverless get --cn server.example.com --output pem"))
@click.option("--cn", "common_name", required=True, help="The certificates' common name.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "pem"]),
    default="text",
    show_default=True,
    help="A table, all there is as JSON, or the newest certificate that is not revoked as PEM.",
)
@with_environment
def get(environment: Environment, common_name: str, output: str) -> int:
    """Find certificates by their common name, the newest first.

    It is the query that serverless-ca's users make of its DynamoDB table, with nothing to decode.
    """
    found = _found(environment, common_name)
    if output == "json":
        show_json({"certificates": found})
    elif output == "pem":
        return _show_pem(found, common_name)
    elif found:
        show_rows(HEAD, map(_row, found))
    else:
        click.echo(f"{common_name!a} has no certificate", err=True)
    return 0


@serverless.command(epilog=example("pbpaste | privyseal serverless decode > server.pem"))
@click.argument("text", required=False)
@output_option
def decode(text: str | None, output: str) -> None:
    """Decode a certificate that was copied from a notice or from the table: TEXT, or standard input.

    TEXT is base64, once or twice over, with or without quotes, or the JSON around it.
    """
    from privyseal.serverless.decoding import MOST, decoded  # noqa: PLC0415 - --help needs none of it

    pem = decoded(text if text not in {None, "-"} else sys.stdin.read(MOST + 1))
    if output == "json":
        show_json({"certificate": pem})
    else:
        click.echo(pem, nl=False)


serverless.add_command(import_)


def _found(environment: Environment, common_name: str) -> list[dict[str, Any]]:
    client, found, after = environment.client(), [], None
    while True:
        query: dict[str, str | int] = {"common-name": common_name, "limit": PAGE}
        query |= {"after": after} if after else {}
        page = client.rest("GET", "/serverless/certificates", query=query)
        found += page["certificates"]
        after = page["next"]
        if not after:
            return found


def _show_pem(found: list[dict[str, Any]], common_name: str) -> int:
    good = [each for each in found if not each["revoked"]]
    if not good:
        why = "all of its certificates are revoked" if found else "it has no certificate"
        click.echo(f"error: {common_name!a}: {why}", err=True)
        return 1
    click.echo(good[0]["certificate"])
    return 0


def _row(each: Mapping[str, Any]) -> tuple[str, ...]:
    times = [_time(each[name]) for name in ("issued", "expires", "revoked")]
    return (each["serial_number"], *times, each["subject"])


def _time(text: str | None) -> str:
    return rfc3339(datetime.fromisoformat(text)) if text else "-"
