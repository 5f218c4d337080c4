"""`privyseal env`: shell lines that point the AWS tools at the service, or away from it again."""

import os
import shlex
from pathlib import Path

import click

from privyseal.cli.options import data_dir_option, example, output_option
from privyseal.cli.output import show_json
from privyseal.client.connection import Environment, default_data_dir, read_environment

# Variables that the AWS SDKs would follow instead of, or together with, the ones that are exported.
IN_THE_WAY = (
    "AWS_PROFILE",  # a profile's endpoint and region …
    "AWS_DEFAULT_PROFILE",  # … under its older name
    "AWS_SESSION_TOKEN",  # belongs to another access key
    "AWS_SECURITY_TOKEN",  # the same, older name; botocore looks here first
    "AWS_CREDENTIAL_EXPIRATION",  # makes botocore take the key for an expired one
    "AWS_REGION",  # wins over AWS_DEFAULT_REGION in most SDKs
    "AWS_ENDPOINT_URL_ACM_PCA",  # a service's own endpoint wins over AWS_ENDPOINT_URL
    "AWS_ENDPOINT_URL_ACM",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_SFN",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",  # not allowed together with an endpoint of one's own
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
)

EXPORTED = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "PRIVYSEAL_URL",
    "PRIVYSEAL_ROOT_CA_ARN",
    "PRIVYSEAL_ISSUING_CA_ARN",
    "PRIVYSEAL_CA_BUNDLE",
)


@click.command(epilog=example('eval "$(privyseal env)" && aws acm-pca list-certificate-authorities'))
@data_dir_option
@click.option("--unset", is_flag=True, help="Print the lines that undo it.")
@output_option
def env(data_dir: Path | None, unset: bool, output: str) -> None:
    """Print shell lines that point the AWS tools at the service."""
    exports = {} if unset else exported(read_environment(data_dir or _data_dir()))
    removed = [*EXPORTED, "AWS_CA_BUNDLE"] if unset else [*IN_THE_WAY, *EXPORTED]
    unsets = [name for name in removed if name not in exports]
    if output == "json":
        show_json({"export": exports, "unset": unsets})
        return
    click.echo(f"unset {' '.join(unsets)}")
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def exported(environment: Environment) -> dict[str, str]:
    """The variables and their values, in the order of `EXPORTED`; what the service has not is left out."""
    values = (
        environment.url,
        environment.access_key_id,
        environment.secret_access_key,
        environment.region,
        environment.url,
        environment.root_ca_arn,
        environment.issuing_ca_arn,
        environment.ca_bundle,
    )
    exports = {name: value for name, value in zip(EXPORTED, values, strict=True) if value}
    if environment.has_tls and environment.tls_ca_bundle:
        exports["AWS_CA_BUNDLE"] = environment.tls_ca_bundle
    return exports


def _data_dir() -> Path:
    """Never from PRIVYSEAL_URL and its like: those are what this command is asked to renew."""
    return Path(os.environ.get("PRIVYSEAL_DATA_DIR") or default_data_dir())
