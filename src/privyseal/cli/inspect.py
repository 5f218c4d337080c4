"""`privyseal inspect`: what certificates say, without any service."""

from typing import Any

import click

from privyseal.cli.files import read_input
from privyseal.cli.options import example, output_option
from privyseal.cli.output import rfc3339, show_fields, show_json
from privyseal.client import inspect_certificate
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import format_serial
from privyseal.x509.inspect import CertificateSummary
from privyseal.x509.pem import blocks, to_pem
from privyseal.x509.refusal import reported

MAX_CERTIFICATES = 100  # in one file


@click.command(epilog=example("privyseal inspect app.internal.fullchain.pem"))
@click.argument("file", type=click.Path(allow_dash=True))
@output_option
def inspect(file: str, output: str) -> None:
    """Show what a certificate says.

    FILE holds one certificate or several in PEM; - is standard input.
    """
    with reported(ErrorCode.MALFORMED_CERTIFICATE, f"{file} cannot be read"):
        found = blocks(read_input(file), "CERTIFICATE", most=MAX_CERTIFICATES)
    if not found:
        raise PrivySealError(ErrorCode.MALFORMED_CERTIFICATE, f"there is no certificate in {file}")
    summaries = [inspect_certificate(to_pem(certificate)) for certificate in found]
    if output == "json":
        show_json({"certificates": [_members(summary) for summary in summaries]})
        return
    for number, summary in enumerate(summaries):
        if number:
            click.echo()
        show_fields({name.replace("_", " "): _text(value) for name, value in _members(summary).items()})


def _members(summary: CertificateSummary) -> dict[str, Any]:
    """All of it, in the order in which people ask."""
    names = [{"kind": name.kind, "value": name.text} for name in summary.subject_alternative_names]
    return {
        "subject": summary.subject,
        "issuer": summary.issuer,
        "not_before": rfc3339(summary.not_before),
        "not_after": rfc3339(summary.not_after),
        "subject_alternative_names": names,
        "key_usage": list(summary.key_usage),
        "extended_key_usage": list(summary.extended_key_usage),
        "is_ca": summary.is_ca,
        "path_length": summary.path_length,
        "key_algorithm": summary.key_algorithm,
        "signature_algorithm": summary.signature_algorithm,
        "serial": format_serial(summary.serial),
        "subject_key_id": summary.subject_key_id,
        "authority_key_id": summary.authority_key_id,
        "sha256": summary.sha256,
    }


def _text(value: Any) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"{v['kind']}:{v['value']}" if isinstance(v, dict) else str(v) for v in value)
    return value
