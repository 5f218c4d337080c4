"""`privyseal cert revoke`, `hold` and `release`: certificates that are named."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_json
from privyseal.cli.revocation import dry_run_option, invalidity_date_option, reason_option
from privyseal.client import ApiError, Environment
from privyseal.names import AuthorityArn, CertificateArn, parse_serial

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_KEY_FILE = 1024 * 1024
HOLD = "CERTIFICATE_HOLD"

_NAMES = (
    click.argument("arn", required=False),
    click.option("--serial", help="Instead of the ARN: the serial number in hex, with or without colons."),
    click.option(
        "--ca", "authority", metavar="ARN", help="With --serial [default: the issuing CA that `up` made]."
    ),
    click.option(
        "--key-of",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Instead: all with the key of this PEM file: a certificate, a CSR, a public or private key.",
    ),
    click.option("--device", metavar="ID", help="Instead: all with the registered key of this device."),
)


def _names(command: Command) -> Command:
    for option in reversed(_NAMES):
        command = option(command)
    return command


@click.command(epilog=example("privyseal cert revoke ARN --reason key-compromise"))
@_names
@reason_option()
@invalidity_date_option
@dry_run_option
@output_option
@with_environment
def revoke(
    *,
    environment: Environment,
    reason: str,
    invalidity_date: str | None,
    dry_run: bool,
    output: str,
    **name: Any,
) -> None:
    """Revoke a certificate, or all with one key, for ever."""
    row = _row(environment, **name) | {"reason": reason, "invalidity_date": invalidity_date}
    _send(environment, "/revocations", "revocations", row, dry_run=dry_run, output=output, done="revoked")


@click.command(epilog=example("privyseal cert hold ARN"))
@_names
@dry_run_option
@output_option
@with_environment
def hold(*, environment: Environment, dry_run: bool, output: str, **name: Any) -> None:
    """Revoke a certificate until it is released or revoked for ever."""
    row = _row(environment, **name) | {"reason": HOLD}
    _send(environment, "/revocations", "revocations", row, dry_run=dry_run, output=output, done="held")


@click.command(epilog=example("privyseal cert release ARN"))
@_names
@dry_run_option
@output_option
@with_environment
def release(*, environment: Environment, dry_run: bool, output: str, **name: Any) -> None:
    """Take a hold back: the certificate is good again."""
    row = _row(environment, **name)
    _send(environment, "/releases", "releases", row, dry_run=dry_run, output=output, done="released")


def _row(
    environment: Environment,
    *,
    arn: str | None,
    serial: str | None,
    authority: str | None,
    key_of: Path | None,
    device: str | None,
) -> dict[str, Any]:
    """What the API is told of what is meant."""
    if sum(each is not None for each in (arn, serial, key_of, device)) != 1:
        raise click.UsageError("give either the certificate's ARN or --serial, --key-of or --device")
    if serial is None and authority is not None:
        raise click.UsageError("--ca goes with --serial")
    if device is not None:
        return {"device_id": device}
    if key_of is not None:
        return {"public_key_sha256": _key_of(key_of)}
    target = (
        CertificateArn.parse(arn)
        if arn
        else _by_serial(serial or "", authority or environment.issuing_ca_arn)
    )
    return {"certificate_arn": str(target)}


def _key_of(path: Path) -> str:
    from privyseal.client.keys import public_key_sha256  # noqa: PLC0415 - 80 ms that --help saves

    with path.open("rb") as file:
        return public_key_sha256(file.read(MAX_KEY_FILE))


def _by_serial(serial: str, authority: str | None) -> CertificateArn:
    if authority is None:
        raise click.UsageError("--serial needs the authority: name it with --ca ARN")
    return CertificateArn(AuthorityArn.parse(authority), parse_serial(serial))


def _send(
    environment: Environment,
    path: str,
    member: str,
    row: Mapping[str, Any],
    *,
    dry_run: bool,
    output: str,
    done: str,
) -> None:
    body = {member: [{name: value for name, value in row.items() if value is not None}], "dry_run": dry_run}
    reply = environment.client().rest("POST", path, body)
    for error in reply["errors"]:  # one row: one refusal at most
        raise ApiError(error["code"], error["message"], 200)
    certificates = [each for result in reply["results"] for each in result["certificates"]]
    if output == "json":
        show_json({"dry_run": dry_run, "certificates": certificates})
        return
    for each in certificates:
        click.echo(clean(_line(each, done, dry_run=dry_run)))


def _line(certificate: Mapping[str, Any], done: str, *, dry_run: bool) -> str:
    arn, subject = certificate["arn"], certificate["subject"]
    if not certificate["changed"]:
        return f"left as it is ({certificate['revocation_reason']}): {arn} {subject}"
    return f"{'would be ' if dry_run else ''}{done} {arn} {subject}"
