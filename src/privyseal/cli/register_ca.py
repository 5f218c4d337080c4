"""`privyseal device register-ca`: AWS IoT Core learns to trust an issuing authority of this service."""

import click

from privyseal.cli.aws_side import aws_options, check_endpoint
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_json, show_rows
from privyseal.client import (
    Environment,
    PrivySealClient,
    generate_csr,
    issue_certificate,
    wait_for_certificate,
)
from privyseal.errors import PrivySealError

PROOF_DAYS = 1  # AWS looks at it once


@click.command("register-ca", epilog=example("privyseal device register-ca --region eu-central-1"))
@click.option("--region", "regions", multiple=True, required=True, help="Of AWS; may be repeated.")
@click.option("--ca", "authority", metavar="ARN", help="[default: the issuing CA that `up` made]")
@aws_options("AWS IoT Core")
@output_option
@with_environment
def register_ca(
    *,
    environment: Environment,
    regions: tuple[str, ...],
    authority: str | None,
    profile: str | None,
    endpoint_url: str | None,
    output: str,
) -> int:
    """Register an authority with AWS IoT Core, in every region that is named.

    In each region the authority certifies AWS's registration code, which proves that its key is ours.
    What is registered already stays; running it again is safe, and one region that cannot be reached does
    not keep the others waiting. The credentials are yours, for AWS: the
    service is found by its data directory.
    """
    from privyseal.aws_iot.authorities import register_authority  # noqa: PLC0415 - boto3 is optional
    from privyseal.aws_iot.client import IotClient  # noqa: PLC0415

    arn = authority or environment.issuing_ca_arn
    if arn is None:
        raise click.UsageError(
            "no authority is known: name it with --ca ARN (`privyseal ca list` shows them)"
        )
    check_endpoint(endpoint_url)
    api = environment.client()
    params = {"CertificateAuthorityArn": arn}
    certificate = str(api.call("GetCertificateAuthorityCertificate", params)["Certificate"])
    rows, failures = [], []
    for region in regions:
        try:
            iot = IotClient(region, endpoint_url=endpoint_url, profile=profile)
            there, new = register_authority(iot, certificate, lambda code: _proof(api, arn, code))
        except PrivySealError as error:
            rows.append((region, "failed", ""))
            failures.append(error.message)
        else:
            rows.append((region, "registered" if new else "unchanged", there))
    if output == "json":
        show_json(
            {"registrations": [dict(zip(("region", "outcome", "arn"), row, strict=True)) for row in rows]}
        )
    else:
        show_rows(("REGION", "OUTCOME", "ARN"), rows)
    for failure in failures:
        click.echo(f"error: {clean(failure)}", err=True)
    return 1 if failures else 0


def _proof(api: PrivySealClient, authority: str, code: str) -> str:
    """A certificate for the code; nobody keeps its key."""
    csr, _ = generate_csr(code)
    arn = issue_certificate(api, certificate_authority_arn=authority, csr=csr, validity_days=PROOF_DAYS)
    return wait_for_certificate(api, authority, arn).certificate
