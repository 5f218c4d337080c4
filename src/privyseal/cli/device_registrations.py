"""`privyseal device show`, `behind` and `register-all`: what registrars know of certificates, and what they
have still to do.
"""

from collections.abc import Mapping
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.client import Environment
from privyseal.client.api import segment
from privyseal.client.errors import ClientError

PAGE = 1000
SHOWN = 20  # unsuitable devices that are printed; `--output json` has all


@click.command(epilog=example("privyseal device show sensor-0001"))
@click.argument("device_id")
@output_option
@with_environment
def show(environment: Environment, device_id: str, output: str) -> None:
    """Show one device, its certificates, and which registrars know them."""
    client, path = environment.client(), f"/devices/{segment(device_id)}"
    entry = client.rest("GET", path)
    certificates = client.rest("GET", f"{path}/certificates")["certificates"]
    if output == "json":
        show_json({**entry, "certificates": certificates})
        return
    show_fields({name.replace("_", " "): value for name, value in entry.items()})
    for certificate in certificates:
        click.echo()
        show_fields({name.replace("_", " "): certificate[name] for name in _CERTIFICATE})
        for step in certificate["registrations"]:
            show_fields({f"  {step['registrar']}": _standing(step)})


@click.command(epilog=example("privyseal device behind"))
@output_option
@with_environment
def behind(environment: Environment, output: str) -> None:
    """List what registrars have still to do: while a region is away, and until it has caught up."""
    found = environment.client().pages("/registrations", "registrations", {"limit": PAGE})
    if output == "json":
        show_json({"registrations": list(found)})
        return
    head = ("DEVICE", "REGISTRAR", "WANTED", "TRIED", "AGAIN", "PROBLEM")
    show_rows(head, map(_cells, found))


@click.command("register-all", epilog=example("privyseal device register-all --registrar iot/eu-west-1"))
@click.option("--registrar", metavar="NAME", help="NAME or NAME/REGION, as in the settings [default: all].")
@output_option
@with_environment
def register_all(environment: Environment, registrar: str | None, output: str) -> int:
    """Register the certificates that devices have with a registrar that was added later.

    Each certificate in use becomes known there, in the background; `device behind` lists what is still
    to come, and why where it fails. What is known already stays as it is, so a command that was stopped is
    given again. Where AWS IoT Core has to know the authority, `device register-ca` comes first.
    """
    client, body = environment.client(), {"registrar": registrar, "after": None}
    done: dict[str, Any] = {"registrars": [], "certificates": 0, "ordered": 0, "unsuitable": []}
    try:
        while True:
            page = client.rest("POST", "/registrations", body)
            done["registrars"] = page["registrars"]
            for name in ("certificates", "ordered"):
                done[name] += page[name]
            done["unsuitable"] += page["unsuitable"]
            body["after"] = page["next"]
            if page["next"] is None:
                break
    except (ClientError, KeyboardInterrupt):
        if done["certificates"]:
            text = f"stopped after {done['certificates']} certificates: give the command again to go on"
            click.echo(text, err=True)
        raise
    if output == "json":
        show_json(done)
        return 1 if done["unsuitable"] else 0
    for each in done["unsuitable"][:SHOWN]:
        click.echo(clean(f"{each['device_id']}: not with {each['registrar']}: {each['message']}"), err=True)
    if (more := len(done["unsuitable"]) - SHOWN) > 0:
        click.echo(f"and {more} more, which `--output json` lists", err=True)
    where = ", ".join(done["registrars"])
    click.echo(
        f"{done['certificates']} certificates in use; {done['ordered']} registrations ordered: {where}"
    )
    return 1 if done["unsuitable"] else 0


_CERTIFICATE = ("certificate_arn", "state", "not_after")


def _standing(step: Mapping[str, Any]) -> str:
    if step["due_at"] is None:
        return str(step["state"])
    tried = f", tried {step['attempts']} times: {step['problem']}" if step["attempts"] else ""
    return f"{step['state']}, to be {step['wanted']}{tried}"


def _cells(step: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        step["device_id"],
        step["registrar"],
        step["wanted"],
        str(step["attempts"]),
        step["due_at"],
        step["problem"] or "-",
    )
