"""`privyseal ca restart-crls`: after a clock that was far ahead."""

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import show_fields, show_json
from privyseal.client import Environment


@click.command(epilog=example('privyseal ca restart-crls "$PRIVYSEAL_ISSUING_CA_ARN"'))
@click.argument("arn")
@output_option
@with_environment
def restart_crls(environment: Environment, arn: str, output: str) -> None:
    """Make an authority's CRLs anew with the present time, after the clock was far ahead.

    Set the clock right first. CRL numbers go on.
    """
    made = environment.client().rest("POST", "/crl-restarts", {"authority_arn": arn})
    if output == "json":
        show_json(made)
    else:
        show_fields({"CRLs made anew": str(made["crls"])})
