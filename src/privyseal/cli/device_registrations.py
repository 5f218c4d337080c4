"""`privyseal device show` and `behind`: what registrars know of certificates, and have still to do."""

from collections.abc import Mapping
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import show_fields, show_json, show_rows
from privyseal.client import Environment
from privyseal.client.api import segment

PAGE = 1000


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
