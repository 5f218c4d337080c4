"""`privyseal device dns`: one name for the deployments of many regions, at Route 53."""

from collections.abc import Sequence

import click

from privyseal.cli.aws_side import aws_options, check_endpoint
from privyseal.cli.options import example, output_option
from privyseal.cli.output import show_json, show_rows
from privyseal.errors import ErrorCode, PrivySealError

CHECKED = "/healthz"


@click.command(
    epilog=example(
        "privyseal device dns --zone Z0123456789 --name devices.example.com --site eu-central-1=198.51.100.7"
    )
)
@click.option("--zone", required=True, metavar="ID", help="Of the hosted zone that the name is in.")
@click.option("--name", required=True, help="The DNS name that every device asks.")
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="REGION=TARGET",
    help="An AWS region, and the address or host name of the deployment there; may be repeated.",
)
@click.option(
    "--remove", multiple=True, metavar="REGION", help="Take a region's records out; may be repeated."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=443, show_default=True, help="That is checked."
)
@click.option("--plain-http", is_flag=True, help="The health check asks by HTTP, not HTTPS.")
@click.option("--path", default=CHECKED, show_default=True, help="That the health check asks for.")
@click.option(
    "--ttl", type=click.IntRange(1, 86400), default=60, show_default=True, help="Of the records, in seconds."
)
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this, only say what would be done.")
@aws_options("Route 53")
@output_option
def dns(
    *,
    zone: str,
    name: str,
    sites: tuple[str, ...],
    remove: tuple[str, ...],
    port: int,
    plain_http: bool,
    path: str,
    ttl: int,
    is_applied: bool,
    profile: str | None,
    endpoint_url: str | None,
    output: str,
) -> None:
    """Lead devices to the nearest deployment that is well: latency records with health checks.

    Says what it would do; --apply does it, and doing it again changes nothing. Regions that you do not
    name stay as they are, so each deployment can look after its own.
    """
    check_endpoint(endpoint_url)
    if not sites and not remove:
        raise click.UsageError("name the deployments with --site REGION=TARGET, or regions to --remove")
    try:
        from privyseal.route53.client import Route53Client  # noqa: PLC0415 - boto3 is optional
        from privyseal.route53.plan import Line, Plan  # noqa: PLC0415
        from privyseal.route53.sites import Check, host_name, records  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE, f"Route 53 needs {missing.name}: pip install 'privyseal[aws]'"
        ) from missing

    asked = host_name(name)
    wanted = records(asked, _pairs(sites), ttl)
    route53 = Route53Client(endpoint_url=endpoint_url, profile=profile)
    zone_id = zone.removeprefix("/hostedzone/")
    _check_zone(asked, route53.zone_name(zone_id), [each.type for each in wanted])
    plan = Plan(route53, zone_id, asked)
    lines = plan.make(wanted, Check("HTTP" if plain_http else "HTTPS", port, path), remove)
    changed = plan.apply() if is_applied else False

    def row(line: Line) -> tuple[str, ...]:
        return line.action, line.kind, line.region, line.text

    if output == "json":
        members = ("action", "kind", "region", "text")
        told = [dict(zip(members, row(line), strict=True)) for line in lines]
        show_json({"name": asked, "plan": told, "applied": is_applied, "changed": changed})
        return
    show_rows(("ACTION", "WHAT", "REGION", "VALUE"), map(row, lines))
    if is_applied:
        click.echo("Done." if changed else "Nothing to do.")
    else:
        click.echo("Nothing has been changed: --apply does it.")


def _pairs(sites: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for site in sites:
        region, equals, target = site.partition("=")
        if not equals:
            raise click.UsageError(f"--site is REGION=TARGET, not {site!r}")
        found.append((region, target))
    return found


def _check_zone(name: str, zone: str, kinds: Sequence[str]) -> None:
    if name != zone and not name.endswith(f".{zone}"):
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{name} is not in the zone {zone}.")
    if name == zone and "CNAME" in kinds:
        text = f"{name} is the zone itself, which cannot have a CNAME: name addresses, or a name below it."
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
