"""`privyseal serverless import`: a deployment of serverless-ca moves here, as often as one likes."""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from privyseal import strict_json
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_json
from privyseal.client import ClientError, Environment, PrivySealClient
from privyseal.errors import ErrorCode, PrivySealError

CHUNK = 250  # items of a call, whose body may have 1 MiB
CHUNK_SIZE = 768 * 1024
MAX_EXPORT = 2 * 1024**3


@dataclass(slots=True)
class Tally:
    root: str | None = None
    issuing: str | None = None
    imported: int = 0
    unchanged: int = 0
    revoked: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Deployment:
    """Its items, sorted: those of the two authorities, the newest of each, and all others."""

    root: Any = None
    issuing: Any = None
    leaves: list[Any] = field(default_factory=list)


@click.command("import", epilog=example("privyseal serverless import --table ServerlessCADev --dry-run"))
@click.option("--table", help="Read a DynamoDB table.")
@click.option("--items", type=click.Path(exists=True, dir_okay=False), help="Read an export of it instead.")
@click.option("--region", help="With --table: its region.")
@click.option("--endpoint-url", help="With --table: another server that speaks DynamoDB.")
@click.option("--profile", help="With --table: a profile of the AWS configuration.")
@click.option("--root", default="serverless-root-ca-dev", show_default=True, help="Root: its CommonName.")
@click.option(
    "--issuing", default="serverless-issuing-ca-dev", show_default=True, help="Issuing CA: the same."
)
@click.option("--root-key", help="Its key in AWS KMS: id, ARN or alias.  [default: alias/ROOT]")
@click.option("--issuing-key", help="Its key in AWS KMS: id, ARN or alias.  [default: alias/ISSUING]")
@click.option("--crl-days", type=click.IntRange(1, 5000), default=7, show_default=True, help="Life of CRLs.")
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@output_option
@with_environment
def import_(environment: Environment, **options: Any) -> int:
    """Take over a deployment of serverless-ca: both authorities, their certificates, what is revoked.

    The signing keys stay in AWS KMS: the service asks them for signatures (its section [aws-kms]). CRL
    numbers go on where the deployment stopped. Run it again for what has been issued or revoked since.
    An export is what `aws dynamodb scan --output json` prints, or DynamoDB's own JSON lines.
    """
    if (options["table"] is None) == (options["items"] is None):
        text = "Name a table with --table, or an export of it with --items."
        raise click.UsageError(text)
    client, tally = environment.client(), Tally()
    deployment = _sorted(_read(options), options, tally)
    root, issuing = deployment.root, deployment.issuing
    if root is None or issuing is None:
        _show_errors(tally)
        missing = options["root"] if root is None else options["issuing"]
        text = f"There is no item {missing!a} of a certificate authority. Is --root or --issuing another?"
        raise click.UsageError(text)
    dry_run = options["dry_run"]
    tally.root = _authority(client, root, "", options["root_key"] or f"alias/{options['root']}", options)
    key = options["issuing_key"] or f"alias/{options['issuing']}"
    tally.issuing = _authority(client, issuing, _pem(root), key, options)
    try:
        _send(client, _pem(root), [issuing.item], tally, dry_run=dry_run)
        _send(client, _pem(issuing), [each.item for each in deployment.leaves], tally, dry_run=dry_run)
        for arn in filter(None, (tally.root, tally.issuing)):
            _switch_crls_on(client, arn, options["crl_days"])
    except (ClientError, PrivySealError, KeyboardInterrupt):
        click.echo("stopped: import the same again and it goes on there", err=True)
        raise
    _show(tally, options)
    return 1 if tally.errors else 0


@dataclass(frozen=True, slots=True)
class _Item:
    item: Any  # serverless.migration.Item
    crl_number: int | None  # None: not an authority's
    issued: str


def _sorted(read: Iterable[Any], options: Mapping[str, Any], tally: Tally) -> Deployment:
    found = Deployment()
    for number, raw in enumerate(read, 1):
        try:
            each = _item(raw)
        except PrivySealError as error:
            tally.errors.append(f"item {number}: {error.message}")
            continue
        name = each.item.common_name
        if each.crl_number is None:
            found.leaves.append(each)
        elif name == options["root"]:
            found.root = _newest(found.root, each, tally)
        elif name == options["issuing"]:
            found.issuing = _newest(found.issuing, each, tally)
        else:
            tally.errors.append(f"item {number}: {name[:64]!a} is an authority that was not asked for")
    return found


def _newest(one: Any, other: Any, tally: Tally) -> Any:
    """An authority that was made again has an item for each time."""
    if one is None:
        return other
    older, newer = sorted((one, other), key=lambda each: str(each.issued))
    tally.errors.append(f"{older.item.common_name!a} of {older.issued} was replaced and is not taken over")
    return newer


def _item(raw: Any) -> _Item:
    from privyseal.serverless.migration import members  # noqa: PLC0415 - --help needs none of it

    item = members(raw)
    try:
        number = int(raw["CRLNumber"]["N"]) if "CRLNumber" in raw else None
        return _Item(item, number, str(raw["Issued"]["S"]))
    except (LookupError, TypeError, ValueError):
        text = f"{item.common_name[:64]!a} {item.serial_number[:60]} has a CRL number or a time that is none."
        raise PrivySealError(ErrorCode.VALIDATION, text) from None


def _read(options: Mapping[str, Any]) -> Iterator[Any]:
    if options["items"] is not None:
        return _export(Path(options["items"]))
    from privyseal.tables.dynamodb import DynamoDbTable  # noqa: PLC0415 - it loads boto3

    table = DynamoDbTable(
        options["table"],
        endpoint_url=options["endpoint_url"],
        region=options["region"],
        profile=options["profile"],
    )
    return table.items()


def _export(path: Path) -> Iterator[Any]:
    if path.stat().st_size > MAX_EXPORT:
        text = f"{path} is larger than {MAX_EXPORT} bytes."
        raise click.UsageError(text)
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    whole = _json(content)
    if whole is None:
        for number, line in enumerate(content.splitlines(), 1):
            yield from _line(path, number, line)
        return
    found = whole.get("Items", [whole.get("Item", whole)]) if isinstance(whole, dict) else whole
    if not isinstance(found, list):
        text = f"{path} has no list of items: `aws dynamodb scan --output json` prints one."
        raise click.UsageError(text)
    yield from found


def _line(path: Path, number: int, line: bytes) -> Iterator[Any]:
    if line.strip():
        found = _json(line)
        if found is None:
            text = f"{path}, line {number}: neither JSON nor a line of JSON."
            raise click.UsageError(text)
        yield found.get("Item", found) if isinstance(found, dict) else found


def _json(content: bytes) -> Any:
    """None where it is none."""
    try:
        return strict_json.load(content)
    except ValueError:
        return None


def _authority(
    client: PrivySealClient, each: Any, chain: str, key: str, options: Mapping[str, Any]
) -> str | None:
    body = {
        "certificate": _pem(each),
        "chain": chain,
        "key": key,
        "crl_number": each.crl_number,
        "dry_run": options["dry_run"],
    }
    arn: str | None = client.rest("POST", "/serverless/authorities", body)["arn"]
    return arn


def _switch_crls_on(client: PrivySealClient, arn: str, days: int) -> None:
    """Now that everything revoked is here. Who has them on already keeps them as they are."""
    named = {"CertificateAuthorityArn": arn}
    found = client.call("DescribeCertificateAuthority", named)["CertificateAuthority"]
    if not found["RevocationConfiguration"]["CrlConfiguration"]["Enabled"]:
        wanted = {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": days}}
        client.call("UpdateCertificateAuthority", named | {"RevocationConfiguration": wanted})


def _pem(each: Any) -> str:
    from privyseal.serverless.decoding import decoded  # noqa: PLC0415

    try:
        return decoded(each.item.certificate)
    except PrivySealError as error:
        text = f"The item {each.item.common_name!a} of the authority cannot be used: {error.message}"
        raise PrivySealError(error.code, text) from None


def _send(client: PrivySealClient, issuer: str, items: list[Any], tally: Tally, *, dry_run: bool) -> None:
    for chunk in _chunks(items):
        rows = [asdict(each) | {"expiry_reminders": list(each.expiry_reminders)} for each in chunk]
        body = {"issuer": issuer, "items": rows, "dry_run": dry_run}
        reply = client.rest("POST", "/serverless/certificates", body)
        tally.imported += reply["imported"]
        tally.unchanged += reply["unchanged"]
        tally.revoked += reply["revoked"]
        tally.errors += [each["message"] for each in reply["errors"]]


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    size = 0
    for each in items:
        length = len(each.certificate) + 500
        if chunk and (len(chunk) == CHUNK or size + length > CHUNK_SIZE):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += length
    if chunk:
        yield chunk


def _show_errors(tally: Tally) -> None:
    for each in tally.errors:
        click.echo(clean(each), err=True)


def _show(tally: Tally, options: Mapping[str, Any]) -> None:
    if options["output"] == "json":
        show_json(asdict(tally))
        return
    _show_errors(tally)
    click.echo(
        f"{tally.imported} imported, {tally.unchanged} unchanged, {tally.revoked} of them newly revoked, "
        f"{len(tally.errors)} refused"
    )
    if options["dry_run"]:
        click.echo("Nothing was changed: this was a dry run.")
    else:
        click.echo(f'In privyseal.toml:\n[serverless]\nroot = "{tally.root}"\nauthority = "{tally.issuing}"')
