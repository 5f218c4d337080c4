"""`privyseal events subscribe`, `subscriptions` and `unsubscribe`: who gets events by e-mail."""

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import show_fields, show_json, show_rows
from privyseal.client import Environment
from privyseal.client.api import segment

PAGE = 1000


@click.command(epilog=example("privyseal events subscribe ops pki-team@example.com"))
@click.argument("target")
@click.argument("address")
@output_option
@with_environment
def subscribe(environment: Environment, target: str, address: str, output: str) -> None:
    """Invite an e-mail address to the events of TARGET, a section [targets.NAME] of type smtp.

    Its owner gets a link; events come when it has been used. Once more: another link.
    """
    made = environment.client().rest("POST", "/event-subscriptions", {"target": target, "address": address})
    if output == "json":
        show_json(made)
        return
    show_fields({name.replace("_", " "): value for name, value in made.items()})
    if made["state"] == "PENDING":
        click.echo("A mail with a link is on its way: who reads it has two days to confirm.")


@click.command(epilog=example("privyseal events subscriptions"))
@output_option
@with_environment
def subscriptions(environment: Environment, output: str) -> None:
    """List e-mail subscriptions."""
    found = environment.client().pages("/event-subscriptions", "subscriptions", {"limit": PAGE})
    if output == "json":
        show_json({"subscriptions": list(found)})
        return
    names = ("id", "target", "address", "state", "created_at")
    show_rows(
        ("ID", "TARGET", "ADDRESS", "STATE", "CREATED"), ([str(each[n]) for n in names] for each in found)
    )


@click.command(epilog=example("privyseal events unsubscribe 0a5c8f3e-4b1d-4a77-9f0e-0d9f2f6f0001"))
@click.argument("subscription_id", metavar="ID")
@output_option
@with_environment
def unsubscribe(environment: Environment, subscription_id: str, output: str) -> None:
    """End an e-mail subscription, by the ID that `privyseal events subscriptions` shows."""
    removed = environment.client().rest("DELETE", f"/event-subscriptions/{segment(subscription_id)}")
    if output == "json":
        show_json(removed)
    else:
        click.echo("The subscription has ended.")
