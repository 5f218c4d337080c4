"""`privyseal device rotate-ca`: another authority issues for devices, and the one before is revoked."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import show_fields, show_json, show_rows
from privyseal.client import Environment, PrivySealClient
from privyseal.client.api import segment
from privyseal.client.errors import ClientError

PATH = "/ca-rotations"
LOOK_S = 0.5
MOVING = frozenset({"RUNNING", "ABORTING"})
HOW_FAR = ("registered", "switched", "completed")

_wait_option = click.option("--wait", is_flag=True, help="Until it is done, or waits for you.")


def _until_option(default: str) -> Callable[[Any], Any]:
    text = "How far to go. After `switched` nothing can be taken back."
    return click.option("--until", type=click.Choice(HOW_FAR), default=default, show_default=True, help=text)


@click.group("rotate-ca")
def rotate_ca() -> None:
    """Replace the authority that issues for devices by a new one, step by step.

    The new authority is created, certified by the same parent, registered with every registrar in every
    region, and then issues for devices. It has the old one's settings for CRLs and OCSP, its permissions,
    resource policy and tags, as they are when it is made.

    Here it waits: devices come over while the old certificates still work. Resumed, it revokes the old
    authority and everything below it; devices that have not come over do it when their broker refuses
    them.
    """


@rotate_ca.command(epilog=example("privyseal device rotate-ca start --dry-run"))
@_until_option("switched")
@click.option("--reason", default="SUPERSEDED", show_default=True, help="Why the old one will be revoked.")
@click.option("--common-name", help="Of the new one [default: the old one's, with the next G number].")
@click.option("--key-algorithm", help="[default: as the old one]")
@click.option("--signing-algorithm", help="[default: as the old one]")
@click.option("--validity-days", type=int, help="[default: as the old one]")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@_wait_option
@output_option
@with_environment
def start(environment: Environment, *, dry_run: bool, wait: bool, output: str, **given: Any) -> int:
    """Begin a rotation."""
    body = {name: value for name, value in given.items() if value is not None}
    client = environment.client()
    found = client.rest("POST", PATH, {**body, "dry_run": dry_run})
    return _show(_waited(client, found) if wait and not dry_run else found, output)


@rotate_ca.command(epilog=example("privyseal device rotate-ca status"))
@click.argument("rotation", metavar="[ID]", required=False)
@_wait_option
@output_option
@with_environment
def status(environment: Environment, rotation: str | None, *, wait: bool, output: str) -> int:
    """Show a rotation [default: the newest]: its steps, and how many devices have come over."""
    client = environment.client()
    found = _find(client, rotation)
    return _show(_waited(client, found) if wait else found, output)


@rotate_ca.command(epilog=example("privyseal device rotate-ca resume --wait"))
@click.argument("rotation", metavar="[ID]", required=False)
@_until_option("completed")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The new authority's, where its parent is not here (PEM).",
)
@click.option(
    "--chain",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="From its parent to the root (PEM).",
)
@click.option(
    "--revoked-elsewhere", is_flag=True, help="The parent, which is not here, has revoked the old one."
)
@_wait_option
@output_option
@with_environment
def resume(
    environment: Environment,
    *,
    rotation: str | None,
    until: str,
    certificate: Path | None,
    chain: Path | None,
    revoked_elsewhere: bool,
    wait: bool,
    output: str,
) -> int:
    """Go on with a rotation that is paused, or waits for something."""
    client = environment.client()
    body: dict[str, Any] = {"until": until, "revoked_elsewhere": revoked_elsewhere}
    for name, file in (("certificate", certificate), ("certificate_chain", chain)):
        if file is not None:
            body[name] = file.read_text(encoding="ascii", errors="replace")
    found = client.rest("POST", f"{PATH}/{segment(_find(client, rotation)['id'])}/resume", body)
    return _show(_waited(client, found) if wait else found, output)


@rotate_ca.command(epilog=example("privyseal device rotate-ca abort"))
@click.argument("rotation", metavar="[ID]", required=False)
@_wait_option
@output_option
@with_environment
def abort(environment: Environment, rotation: str | None, *, wait: bool, output: str) -> int:
    """Give a rotation up: the old authority issues again. Possible until the old one is revoked.

    Before the switch nobody uses the new authority: registrars forget it, and it is disabled and deleted
    (`aws acm-pca restore-certificate-authority` brings it back within 30 days). After the switch, or when
    it has issued anything else, it stays, for those who have its certificates.
    """
    client = environment.client()
    found = client.rest("POST", f"{PATH}/{segment(_find(client, rotation)['id'])}/abort", {})
    return _show(_waited(client, found) if wait else found, output)


def _find(client: PrivySealClient, rotation: str | None) -> dict[str, Any]:
    if rotation is not None:
        return client.rest("GET", f"{PATH}/{segment(rotation)}")
    newest = None
    for newest in client.pages(PATH, "ca_rotations"):  # noqa: B007 - the last one counts
        pass
    if newest is None:
        raise ClientError("there is no rotation", "Begin one: privyseal device rotate-ca start --dry-run")
    return newest


def _waited(client: PrivySealClient, found: dict[str, Any]) -> dict[str, Any]:
    while found["state"] in MOVING:
        time.sleep(LOOK_S)
        found = client.rest("GET", f"{PATH}/{segment(found['id'])}")
    return found


def _show(found: Mapping[str, Any], output: str) -> int:
    """1 where it waits for something that the operator has to bring."""
    if output == "json":
        show_json(found)
    else:
        _show_text(found)
    return 1 if found["state"] == "WAITING" else 0


def _taken_over(taken: Mapping[str, Any]) -> str:
    parts = [f"the permission of {each}" for each in taken["permissions"]]
    parts += ["the resource policy"] if taken["policy"] else []
    parts += [f"the tag {each}" for each in taken["tags"]]
    parts += ["CRLs"] if taken["crls"] else []
    parts += ["OCSP"] if taken["ocsp"] else []
    return ", ".join(parts) or "nothing: no permission, policy, tag, CRL or OCSP"


def _show_text(found: Mapping[str, Any]) -> None:
    plan, count = found["plan"], found["certificates_to_revoke"]
    show_fields(
        {
            "id": found["id"],
            "state": found["state"] or "dry run",
            "next step": found["next_step"],
            "goes on until": found["until"],
            "old authority": found["old_authority_arn"],
            "new authority": found["new_authority_arn"],
            "its name": plan["subject"].get("CommonName"),
            "its key": f"{plan['key_algorithm']}, {plan['signing_algorithm']}",
            "its days": str(plan["validity_days"]),
            "certified by": plan["parent_arn"] or "somebody elsewhere",
            "registrars": None if found["registrars"] is None else ", ".join(found["registrars"]) or "none",
            "takes over": None if found["taken_over"] is None else _taken_over(found["taken_over"]),
            "will be revoked": None if count is None else f"{count} certificates",
            "devices over": str(found["devices_over"]),
            "devices waiting": str(found["devices_waiting"]),
            "problem": found["failure"],
        }
    )
    if found["steps"]:
        click.echo()
        rows = [(each["step"], each["done_at"], each["detail"]) for each in found["steps"]]
        show_rows(("DONE", "AT", "WHAT"), rows)
    if found["csr"]:
        click.echo(f"\n{found['csr']}")
