"""`privyseal jobs`: recurring work, and how it goes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, rfc3339, show_json, show_rows
from privyseal.client import Environment

HEAD = ("JOB", "CONDITION", "NEXT", "LAST RUN", "SECONDS", "RUNS", "FAILURES", "HOLDER")


@click.command(epilog=example("privyseal jobs --output json"))
@output_option
@with_environment
def jobs(environment: Environment, output: str) -> int:
    """Show recurring work: CRLs, checkpoints, renewals, deliveries …

    NEXT is when a job runs again; most run as soon as something waits. FAILURES are those in a row, of all
    that there were. HOLDER is the host and the process that runs it, or has run it last. What has failed
    last is told below the table; the exit status is 1 while a job fails.
    """
    found = environment.client().rest("GET", "/jobs")
    failing = [each for each in found["jobs"] if each["failures_in_a_row"]]
    if output == "json":
        show_json(found)
    else:
        show_rows(HEAD, map(_row, found["jobs"]))
        for each in failing:
            click.echo(clean(f"{each['name']}: {each['last_error']}"), err=True)
    return 1 if failing else 0


def _row(job: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        job["name"],
        job["condition"],
        _time(job["next_at"]) or "when needed",
        _time(job["ended_at"]) or "-",
        "-" if job["seconds"] is None else f"{job['seconds']:.3f}",
        str(job["runs"]),
        f"{job['failures_in_a_row']} of {job['failures']}",
        "/".join((job["holder"] or "-").split("/")[:2]),
    )


def _time(text: str | None) -> str | None:
    return rfc3339(datetime.fromisoformat(text)) if text else None
