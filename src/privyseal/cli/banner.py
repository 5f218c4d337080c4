"""What `privyseal up` says once it serves."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import click

from privyseal.cli.output import show_json
from privyseal.client.connection import default_data_dir
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import Settings, is_loopback


def base_url(settings: Settings) -> str:
    """The URL by which clients reach the service: under the first name that was given, if any."""
    scheme = "https" if settings.serves_tls else "http"
    return url(scheme, _reached(settings.host, settings), settings.port)


def revocation_url(settings: Settings) -> str:
    """The URL of CRLs and OCSP, which are fetched over plain HTTP; empty where none is served."""
    if settings.revocation_url:
        return settings.revocation_url
    if settings.revocation_port is not None:
        return url("http", _reached(settings.revocation_host, settings), settings.revocation_port)
    return "" if settings.serves_tls else base_url(settings)


def unreachable_revocation_url(settings: Settings) -> str:
    """The URL that certificates name although only this machine finds anything there, while others are
    served; empty where that is not so.
    """
    named = revocation_url(settings)
    hosts = [settings.host] if settings.revocation_port is None else [settings.host, settings.revocation_host]
    found_here_alone = is_loopback(urlsplit(named).hostname or "")
    return named if found_here_alone and not all(map(is_loopback, hosts)) else ""


def _reached(host: str, settings: Settings) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with
        return next(iter(settings.names), "localhost" if settings.serves_tls else "127.0.0.1")
    return host


def url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


Show = Callable[[Mapping[str, Any], DataDirectory, Settings], None]

# What programs get to know: everything but the access key.
_PUBLIC = (
    "url",
    "status_url",
    "revocation_url",
    "device_url",
    "region",
    "account",
    "root_ca_arn",
    "issuing_ca_arn",
    "ca_bundle",
)


def show_facts(facts: Mapping[str, Any], directory: DataDirectory, _: Settings) -> None:
    """One JSON document; the access key stays in the environment file."""
    show_json({name: facts.get(name) for name in _PUBLIC} | {"data_dir": str(directory.path)})


def show_text(facts: Mapping[str, Any], directory: DataDirectory, settings: Settings) -> None:
    """Where the service is, what it made, what to keep safe and what to try next."""
    option = "" if directory.path == default_data_dir() else f" --data-dir {shlex.quote(str(directory.path))}"
    click.echo(f"Privy Seal serves at {facts['url']}  (region {settings.region}, account {settings.account})")
    for label, member in (("Root CA", "root_ca_arn"), ("Issuing CA", "issuing_ca_arn")):
        if arn := facts.get(member):
            click.echo(f"  {label:<11} {arn}")
    if bundle := facts.get("ca_bundle"):
        click.echo(f"  {'Trust':<11} {bundle}")
    if status := facts.get("status_url"):
        click.echo(f"  {'Metrics':<11} {status}/metrics")
    if device := facts.get("device_url"):
        click.echo(f"  {'Devices':<11} {device}/rotate")
    if settings.revocation_port is not None:
        click.echo(f"  {'CRL, OCSP':<11} {facts['revocation_url']}")
    if named := unreachable_revocation_url(settings):
        click.echo(f"\nCertificates that can be revoked name {named}, which only this machine can reach:")
        click.echo("set --revocation-url to where others find CRLs and OCSP.")
    click.echo(f"\nBack up {directory.path}: it holds every key. The file kek opens them, so keep a copy of")
    click.echo("it apart from the database; without it they are lost, with both they are anybody's.")
    click.echo("\nPoint the AWS tools at it, in another shell:")
    click.echo(f'  eval "$(privyseal env{option})"')
    click.echo("Then try:")
    click.echo("  aws acm-pca list-certificate-authorities")
    click.echo(f"  privyseal issue{option} --cn web.internal --dns web.internal")
    click.echo("\nCtrl-C ends it; the next `privyseal up` goes on where it was.")


SHOW: Mapping[str, Show] = {"text": show_text, "json": show_facts}
