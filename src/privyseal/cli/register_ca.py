"""`privyseal device register-ca`: AWS IoT Core learns to trust an issuing authority of this service."""

import os

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import show_json, show_rows
from privyseal.client import (
    Environment,
    PrivySealClient,
    generate_csr,
    issue_certificate,
    wait_for_certificate,
)

PROOF_DAYS = 1  # AWS looks at it once


@click.command("register-ca", epilog=example("privyseal device register-ca --region eu-central-1"))
@click.option("--region", "regions", multiple=True, required=True, help="Of AWS; may be repeated.")
@click.option("--ca", "authority", metavar="ARN", help="[default: the issuing CA that `up` made]")
@click.option(
    "--profile", help="Of the AWS configuration files; by default credentials as AWS tools find them."
)
@click.option("--endpoint-url", help="Another server that speaks the API of AWS IoT Core.")
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
) -> None:
    """Register an authority with AWS IoT Core, in every region that is named.

    In each region the authority certifies AWS's registration code, which proves that its key is ours.
    What is registered already stays; running it again is safe. The credentials are yours, for AWS: the
    service is found by its data directory.
    """
    from privyseal.aws_iot.authorities import register_authority  # noqa: PLC0415 - boto3 is optional
    from privyseal.aws_iot.client import IotClient  # noqa: PLC0415

    arn = authority or environment.issuing_ca_arn
    if arn is None:
        raise click.UsageError(
            "no authority is known: name it with --ca ARN (`privyseal ca list` shows them)"
        )
    if endpoint_url is None and os.environ.get("AWS_ENDPOINT_URL"):
        raise click.UsageError(
            "AWS_ENDPOINT_URL sends AWS tools somewhere else (`privyseal env` sets it): unset it, or give "
            "--endpoint-url"
        )
    api = environment.client()
    params = {"CertificateAuthorityArn": arn}
    certificate = str(api.call("GetCertificateAuthorityCertificate", params)["Certificate"])
    rows = []
    for region in regions:
        iot = IotClient(region, endpoint_url=endpoint_url, profile=profile)
        there, new = register_authority(iot, certificate, lambda code: _proof(api, arn, code))
        rows.append((region, "registered" if new else "unchanged", there))
    if output == "json":
        show_json(
            {"registrations": [dict(zip(("region", "outcome", "arn"), row, strict=True)) for row in rows]}
        )
    else:
        show_rows(("REGION", "OUTCOME", "ARN"), rows)


def _proof(api: PrivySealClient, authority: str, code: str) -> str:
    """A certificate for the code; nobody keeps its key."""
    csr, _ = generate_csr(code)
    arn = issue_certificate(api, certificate_authority_arn=authority, csr=csr, validity_days=PROOF_DAYS)
    return wait_for_certificate(api, authority, arn).certificate
