"""`privyseal ca cascade` and `revocations`, `privyseal cert revoke-matching`: many certificates at once."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.cli.revocation import Time, dry_run_option, invalidity_date_option, reason_option
from privyseal.client import Environment, PrivySealClient
from privyseal.client.api import segment

PATH = "/mass-revocations"
LOOK_S = 0.5
UNFINISHED = {"RUNNING", "PUBLISHING"}

_wait_option = click.option("--wait", is_flag=True, help="Wait until every CRL says so.")


@click.command(epilog=example("privyseal ca cascade ARN --reason certificate-authority-compromise --wait"))
@click.argument("arn")
@reason_option(required=True)
@invalidity_date_option
@click.option(
    "--revoked-elsewhere",
    is_flag=True,
    help="Its own certificate was revoked by a CA that is not here, or it is a root that is given up.",
)
@_wait_option
@dry_run_option
@output_option
@with_environment
def cascade(
    *,
    environment: Environment,
    arn: str,
    reason: str,
    invalidity_date: str | None,
    revoked_elsewhere: bool,
    wait: bool,
    dry_run: bool,
    output: str,
) -> int:
    """Revoke everything below an authority whose certificate is revoked, and stop it from issuing."""
    body = {
        "authority_arn": arn,
        "scope": "CASCADE",
        "reason": reason,
        "invalidity_date": invalidity_date,
        "revoked_elsewhere": revoked_elsewhere,
        "dry_run": dry_run,
    }
    return _order(environment.client(), body, wait=wait, output=output)


@click.command(epilog=example('privyseal cert revoke-matching --subject "O=Old" --reason superseded --wait'))
@click.option("--ca", "authority", metavar="ARN", help="Of this authority [default: the one that `up` made].")
@click.option("--template", help="Issued with this template, like EndEntityCertificate/V1.")
@click.option("--subject", metavar="TEXT", help="With this text in the subject, as `cert list` shows it.")
@click.option("--issued-after", type=Time(), metavar="TIME", help="Issued then or later: a date, or UTC.")
@click.option("--issued-before", type=Time(), metavar="TIME", help="Issued earlier than that.")
@reason_option(required=True)
@invalidity_date_option
@_wait_option
@dry_run_option
@output_option
@with_environment
def revoke_matching(
    *,
    environment: Environment,
    authority: str | None,
    reason: str,
    invalidity_date: str | None,
    wait: bool,
    dry_run: bool,
    output: str,
    **wanted: str | None,
) -> int:
    """Revoke what an authority has issued and fits all that is given."""
    given = {name: value for name, value in wanted.items() if value is not None}
    if not given:
        raise click.UsageError("say which: --template, --subject, --issued-after or --issued-before")
    arn = authority or environment.issuing_ca_arn
    if arn is None:
        raise click.UsageError("name the authority with --ca ARN")
    body = {
        "authority_arn": arn,
        "scope": "FILTER",
        "filter": given,
        "reason": reason,
        "invalidity_date": invalidity_date,
        "dry_run": dry_run,
    }
    return _order(environment.client(), body, wait=wait, output=output)


@click.command(epilog=example("privyseal ca revocations ID --wait"))
@click.argument("order", metavar="[ID]", required=False)
@_wait_option
@output_option
@with_environment
def revocations(environment: Environment, order: str | None, wait: bool, output: str) -> int:
    """List mass revocations, or show one."""
    client = environment.client()
    if order is not None:
        found = client.rest("GET", f"{PATH}/{segment(order)}")
        return _show(_waited(client, found) if wait else found, output)
    if wait:
        raise click.UsageError("--wait needs the ID of the one to wait for")
    orders = client.pages(PATH, "mass_revocations")
    if output == "json":
        show_json({"mass_revocations": list(orders)})
    else:
        head = ("ID", "STATE", "SCOPE", "REVOKED", "ORDERED", "AUTHORITY")
        show_rows(head, map(_row, orders))
    return 0


def _order(client: PrivySealClient, body: Mapping[str, Any], *, wait: bool, output: str) -> int:
    found = client.rest("POST", PATH, {name: value for name, value in body.items() if value is not None})
    if wait and found["id"] is not None:
        found = _waited(client, found)
    return _show(found, output)


def _waited(client: PrivySealClient, found: dict[str, Any]) -> dict[str, Any]:
    """The order at its end, with a bar on a terminal until then."""
    with _progress() as tell:
        while found["state"] in UNFINISHED:
            tell(found)
            time.sleep(LOOK_S)
            found = client.rest("GET", f"{PATH}/{segment(found['id'])}")
        tell(found)
    return found


@contextmanager
def _progress() -> Iterator[Any]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=1, label="revoking", file=sys.stderr) as bar:

        def tell(found: Mapping[str, Any]) -> None:
            bar.length = max(found["expected"] or 1, 1)
            bar.label = "publishing" if found["state"] == "PUBLISHING" else "revoking"
            bar.update(min(found["revoked"], bar.length) - bar.pos)

        yield tell


def _show(found: Mapping[str, Any], output: str) -> int:
    """What is to be said of an order; 1 where something could not be revoked."""
    if output == "json":
        show_json(found)
    else:
        _show_text(found)
    return 1 if found["state"] == "FAILED" or found["refused"] else 0


def _show_text(found: Mapping[str, Any]) -> None:
    expected = found["expected"]
    show_fields(
        {
            "id": found["id"],
            "state": found["state"] or "dry run",
            "authority": found["authority_arn"],
            "reason": found["reason"],
            "revoked": f"{found['revoked']} of {'?' if expected is None else expected}",
            "waits for CRLs": ", ".join(found["waiting_for"]),
            "failure": found["failure"],
        }
    )
    head = ("AUTHORITY", "REVOKED", "EXPECTED", "NAME")
    click.echo()
    show_rows(head, map(_authority_row, found["authorities"]))
    for refusal in found["refusals"]:
        click.echo(clean(f"{refusal['resource']}: {refusal['message']}"), err=True)


def _authority_row(authority: Mapping[str, Any]) -> tuple[str, ...]:
    expected = "?" if authority["expected"] is None else str(authority["expected"])
    return authority["arn"], str(authority["revoked"]), expected, authority["subject"] or "-"


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["id"],
        found["state"],
        found["scope"],
        str(found["revoked"]),
        found["created_at"],
        found["authority_arn"],
    )
