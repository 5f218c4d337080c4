"""`privyseal cert`: certificates that were issued."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import click

from privyseal.cli.ca import authorities
from privyseal.cli.files import require_absent, write_files
from privyseal.cli.mass import revoke_matching
from privyseal.cli.named import hold, release, revoke
from privyseal.cli.options import example, force_option, output_option, with_environment
from privyseal.cli.output import show_json, show_rows
from privyseal.client import Environment, wait_for_certificate
from privyseal.names import CertificateArn


@click.group()
def cert() -> None:
    """List, fetch and revoke certificates."""


cert.add_command(revoke)
cert.add_command(hold)
cert.add_command(release)
cert.add_command(revoke_matching, "revoke-matching")


@cert.command("list", epilog=example('privyseal cert list --ca "$PRIVYSEAL_ISSUING_CA_ARN" --output json'))
@click.option("--ca", "authority", metavar="ARN", help="Only those of this authority [default: of all].")
@output_option
@with_environment
def list_(environment: Environment, authority: str | None, output: str) -> None:
    """List certificates, of each authority the oldest first."""
    client = environment.client()
    owners = [authority] if authority else [described["Arn"] for described in authorities(client)]
    found = chain.from_iterable(
        client.pages("/certificates", "certificates", {"authority": owner}) for owner in owners
    )
    if output == "json":
        show_json({"certificates": list(found)})
        return
    show_rows(("ARN", "NOT AFTER", "REVOKED", "SUBJECT"), map(_row, found))


@cert.command(epilog=example("privyseal cert get ARN > app.pem"))
@click.argument("arn")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file instead.")
@force_option
@output_option
@with_environment
def get(environment: Environment, arn: str, out: Path | None, force: bool, output: str) -> None:
    """Fetch a certificate and its chain, up to the root."""
    authority = CertificateArn.parse(arn).authority
    if out:
        require_absent(out, force=force)
    issued = wait_for_certificate(environment.client(), str(authority), arn)
    pem = "".join(f"{part.strip()}\n" for part in (issued.certificate, issued.chain) if part)
    if out:
        write_files({out: pem}, force=force)
    if output == "json":
        answer = {
            "certificate_arn": arn,
            "certificate": issued.certificate,
            "certificate_chain": issued.chain,
        }
        show_json(answer | ({"file": str(out)} if out else {}))
    elif not out:
        click.echo(pem, nl=False)


def _row(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    revoked = certificate.get("revoked_at") or "-"
    return certificate["arn"], certificate["not_after"], revoked, certificate["subject"]
