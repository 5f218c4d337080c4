"""`privyseal cert`: certificates that were issued."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import click

from privyseal.cli.ca import authorities
from privyseal.cli.files import require_absent, write_files
from privyseal.cli.options import example, force_option, output_option, with_environment
from privyseal.cli.output import show_json, show_rows
from privyseal.client import Environment, wait_for_certificate
from privyseal.names import AuthorityArn, CertificateArn, format_serial, parse_serial

# RevocationReason of the acm-pca service model.
REASONS = (
    "UNSPECIFIED",
    "KEY_COMPROMISE",
    "CERTIFICATE_AUTHORITY_COMPROMISE",
    "AFFILIATION_CHANGED",
    "SUPERSEDED",
    "CESSATION_OF_OPERATION",
    "PRIVILEGE_WITHDRAWN",
    "A_A_COMPROMISE",
)


@click.group()
def cert() -> None:
    """List, fetch and revoke certificates."""


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


@cert.command(epilog=example("privyseal cert revoke ARN --reason key-compromise"))
@click.argument("arn", required=False)
@click.option("--serial", help="Instead of the ARN: the serial number in hex, with or without colons.")
@click.option(
    "--ca", "authority", metavar="ARN", help="With --serial [default: the issuing CA that `up` made]."
)
@click.option("--reason", default="UNSPECIFIED", show_default=True, help=f"One of {', '.join(REASONS)}.")
@output_option
@with_environment
def revoke(
    *,
    environment: Environment,
    arn: str | None,
    serial: str | None,
    authority: str | None,
    reason: str,
    output: str,
) -> None:
    """Revoke a certificate, for ever."""
    if (arn is None) == (serial is None):
        raise click.UsageError("give either the certificate's ARN or --serial")
    if arn is not None and authority is not None:
        raise click.UsageError("--ca goes with --serial: an ARN already names its authority")
    chosen = reason.upper().replace("-", "_")
    if chosen not in REASONS:
        raise click.UsageError(f"{reason!r} is not one of {', '.join(REASONS)}")
    target = (
        CertificateArn.parse(arn)
        if arn
        else _by_serial(serial or "", authority or environment.issuing_ca_arn)
    )
    environment.client().call(
        "RevokeCertificate",
        {
            "CertificateAuthorityArn": str(target.authority),
            "CertificateSerial": format_serial(target.serial),
            "RevocationReason": chosen,
        },
    )
    if output == "json":
        show_json({"certificate_arn": str(target), "reason": chosen})
    else:
        click.echo(f"revoked {target}")


def _row(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    revoked = certificate.get("revoked_at") or "-"
    return certificate["arn"], certificate["not_after"], revoked, certificate["subject"]


def _by_serial(serial: str, authority: str | None) -> CertificateArn:
    if authority is None:
        raise click.UsageError("--serial needs the authority: name it with --ca ARN")
    return CertificateArn(AuthorityArn.parse(authority), parse_serial(serial))
