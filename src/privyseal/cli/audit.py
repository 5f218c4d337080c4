"""The audit trail: verify it, export it, and the key that proves it. Works beside a running service."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from privyseal.cli.offline import Audit, opened_trail
from privyseal.cli.options import data_dir_option, example, output_option
from privyseal.cli.output import clean, show_fields, show_json
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.exported import Comparison, read_lines
from privyseal.events.findings import Finding, Kind, Report
from privyseal.events.lines import Lines
from privyseal.events.verification import Verification
from privyseal.signing import VerifyingKey, read_public_pem
from privyseal.sinks.directory import DirectorySink

FINDINGS = 1  # the exit code


@click.group()
def audit() -> None:
    """Verify, export and prove the audit trail."""


@audit.command(epilog=example("privyseal audit verify --checkpoints /mnt/elsewhere/checkpoints.jsonl"))
@data_dir_option
@click.option(
    "--checkpoints",
    type=click.Path(exists=True, path_type=Path),
    help="Exported checkpoints: a file, or a folder of them [default: `audit` in the data directory].",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public key to trust, kept elsewhere [default: audit-key.pem in the data directory].",
)
@output_option
def verify(data_dir: Path | None, checkpoints: Path | None, key: Path | None, output: str) -> int:
    """Recompute the audit trail and say what is wrong with it, and where.

    Entries, chains, checkpoints and exported checkpoints are held against each other. The exit code
    is 0 when everything agrees and 1 when something was found.
    """
    with opened_trail(data_dir) as (directory, trail):
        report = Report()
        stored = _stored_key(trail)
        trusted = stored
        if key or directory.audit_key.exists():
            trusted = read_public_pem((key or directory.audit_key).read_bytes())
        if trusted != stored:
            text = f"the database has the key {stored.id}, and {trusted.id} is the one to trust"
            report.add(Finding(Kind.ANOTHER_KEY, text))
        place = checkpoints or directory.audit
        given = _given(trail, directory.audit) if place.resolve() == directory.audit.resolve() else 0
        if place.exists() or given:
            lines = read_lines(place) if place.exists() else ()
            Comparison(trail.store, trail.trail, trusted, report).run(lines, given)
        with _progress() as progress:
            Verification(trail.store, trail.trail, trail.journal, trusted, report).run(progress)
    if output == "json":
        show_json(_document(report))
    else:
        _show(report)
    return 0 if report.ok else FINDINGS


@audit.command(epilog=example("privyseal audit export --since 2026-01-31T00:00:00Z > audit.jsonl"))
@data_dir_option
@click.option("--since", help="Entries from this time on (RFC 3339).")
@click.option(
    "--output",
    type=click.Choice(["json", "text"]),
    default="json",
    show_default=True,
    help="A JSON object on each line, or columns for people.",
)
def export(data_dir: Path | None, since: str | None, output: str) -> None:
    """Print every entry of the audit trail, one a line, in the order of time."""
    begin = _time(since) if since else None
    with opened_trail(data_dir) as (_, trail):
        for line in Lines(trail.store, trail.journal, begin):
            click.echo(line if output == "json" else _columns(json.loads(line)))


@audit.command(epilog=example("privyseal audit key > /mnt/elsewhere/audit-key.pem"))
@data_dir_option
@output_option
def key(data_dir: Path | None, output: str) -> None:
    """Print the public key that verifies checkpoints (PEM). Keep it where nobody can replace it."""
    with opened_trail(data_dir) as (_, trail):
        found = _stored_key(trail)
    if output == "json":
        show_json({"key_id": found.id, "public_key": found.pem().decode()})
    else:
        click.echo(found.pem().decode(), nl=False)


def _columns(told: Mapping[str, Any]) -> str:
    detail = told.get("detail")
    result = detail.get("error") or detail.get("result") or "success" if isinstance(detail, dict) else "?"
    names = ("at", "action", "principal", "resource")
    return clean("  ".join([*(str(told.get(name) or "-") for name in names), str(result)]))


def _stored_key(trail: Audit) -> VerifyingKey:
    der = trail.store.view(trail.trail.public_key)
    if der is None:
        raise PrivySealError(ErrorCode.UNAVAILABLE, "The database has no key for an audit trail yet.")
    return VerifyingKey(der)


def _given(trail: Audit, folder: Path) -> int:
    """The number of the last checkpoint that the service has put into a folder, as the database knows."""
    sink = DirectorySink(folder).name
    return trail.store.view(lambda tx: trail.trail.exported(tx, sink))


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2026-01-31T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A percentage on standard error, where somebody watches it."""
    shown = sys.stderr.isatty()
    last = -1

    def progress(done: int, total: int) -> None:
        nonlocal last
        percent = min(100, 100 * done // max(total, 1))
        if shown and percent != last:
            last = percent
            click.echo(f"\r{percent:3} % of {total} records", nl=False, err=True)

    yield progress
    if shown and last >= 0:
        click.echo("\r\033[K", nl=False, err=True)


def _document(report: Report) -> dict[str, Any]:
    document = asdict(report)
    findings = document.pop("findings")
    del document["added"]
    return {
        "ok": report.ok,
        "findings": [{**each, "kind": str(each["kind"])} for each in findings],
        **document,
    }


def _show(report: Report) -> None:
    for finding in report.findings:
        click.echo(clean(f"{finding.kind}: {_place(finding)}{finding.text}"))
    if report.more:
        click.echo(f"… and {report.more} more")
    tail = f"{report.tail_records} records, the oldest {report.tail_seconds:.0f} s old"
    show_fields(
        {
            "checkpoints": f"{report.checkpoints} over {report.records} records in {report.rows} rows",
            "exported": f"{report.exported} are the same" if report.exported else "none to compare",
            "unprotected": tail if report.tail_rows else "nothing",
        }
    )
    click.echo("The audit trail is whole." if report.ok else "The audit trail is NOT whole.")


def _place(finding: Finding) -> str:
    numbers = f"{finding.first}" if finding.first == finding.last else f"{finding.first} to {finding.last}"
    if finding.writer:
        return f"row {numbers} of writer {finding.writer}: "
    return f"checkpoint {numbers}: " if finding.last else ""
