"""`privyseal gitops`: certificates by pull request. What would be done, doing it, following it."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from privyseal.cli.gitops_files import checkout
from privyseal.cli.gitops_patience import Patience
from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.client import Environment, PrivySealClient
from privyseal.client.api import segment
from privyseal.client.errors import ClientError

RUNS = "/gitops/runs"
LOOK_S = 0.5
STEPS = 1000  # on one page
# Exit codes of `plan` and `apply`.
NOTHING, FAILED, REFUSALS, CHANGES = 0, 1, 3, 4
_CHANGES = ("issue", "renew", "revoke")
_QUIET = ("leave",)

_wait_option = click.option("--wait/--no-wait", default=True, help="Show the progress until the end.")


@click.group()
def gitops() -> None:
    """Certificates by pull request: files of a repository say what is issued and revoked.

    certs/ENV/tls.json has requests, certs/ENV/csrs/ their CSRs, certs/ENV/revoked.json and
    revoked-root-ca.json what is to be revoked. Where they are is in the section [serverless.gitops] of the
    service's settings.
    """


@gitops.command(epilog=example("privyseal gitops plan --directory . --env dev"))
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A checkout, with certs/ENV in it [default: the files that the service is configured to read].",
)
@click.option("--env", "name", default="dev", show_default=True, help="The folder below certs/.")
@click.option("--all", "everything", is_flag=True, help="Show what is left alone, too.")
@output_option
@with_environment
def plan(
    environment: Environment, *, directory: Path | None, name: str, everything: bool, output: str
) -> int:
    """Show what `apply` would issue, renew, revoke and refuse, and why. Changes nothing.

    For pull requests: exits with 0 where there is nothing to do, 4 where there are changes, 3 where an
    entry would be refused, 1 where there is no plan.
    """
    body = {} if directory is None else checkout(directory, name)
    found = environment.client().rest("POST", "/gitops/plans", body)
    if output == "json":
        show_json(found)
    else:
        _show_steps(found["steps"], "action", everything=everything)
        click.echo(_summary(found["counts"]))
    if found["refuses"]:
        return REFUSALS
    return CHANGES if found["changes"] else NOTHING


@gitops.command(epilog=example("privyseal gitops apply"))
@click.option("--name", help="Of the run; a name is used once [default: one of its own].")
@click.option("--all", "everything", is_flag=True, help="Show what is left alone, too.")
@_wait_option
@output_option
@with_environment
def apply(environment: Environment, *, name: str | None, everything: bool, wait: bool, output: str) -> int:
    """Do it: read the files that the service is configured to read, and carry them out.

    Exits with 0 where everything is done, 3 where an entry was refused, 1 where the run has failed. When you
    interrupt this command the run goes on.
    """
    client = environment.client()
    run = client.rest("POST", RUNS, {"name": name or ""})
    if wait:
        run = _followed(client, run, quiet=output == "json")
    return _show_run(client, run, output, everything=everything)


@gitops.command(epilog=example("privyseal gitops status"))
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--all", "everything", is_flag=True, help="Show what is left alone, too.")
@click.option("--wait", is_flag=True, help="Show the progress until the end.")
@output_option
@with_environment
def status(environment: Environment, *, run_id: str | None, everything: bool, wait: bool, output: str) -> int:
    """Show a run and what came of its entries [default: the newest]."""
    client = environment.client()
    run = _newest(client) if run_id is None else client.rest("GET", f"{RUNS}/{segment(run_id)}")
    if run is None:
        raise ClientError("there was no run yet", "Start one: privyseal gitops apply")
    if wait:
        run = _followed(client, run, quiet=output == "json")
    return _show_run(client, run, output, everything=everything)


@gitops.command("list", epilog=example("privyseal gitops list"))
@output_option
@with_environment
def list_runs(environment: Environment, output: str) -> None:
    """List runs, the newest first."""
    found = environment.client().pages(RUNS, "runs")
    if output == "json":
        show_json({"runs": list(found)})
        return
    rows = (
        (each["id"], each["created_at"], each["state"], each["revision"][:12], _summary(each["done"]))
        for each in found
    )
    show_rows(("RUN", "CREATED", "STATE", "REVISION", "DONE"), rows)


@gitops.command(epilog=example("privyseal gitops watch --every 60"))
@click.option(
    "--every", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds between looks."
)
@click.option("--once", is_flag=True, help="Look once, and end: for cron.")
@output_option
@with_environment
def watch(environment: Environment, *, every: float, once: bool, output: str) -> int:
    """Follow the branch, directory or bucket: a run whenever its files have changed. Ctrl-C ends it."""
    client, patience, told = environment.client(), Patience(every), ""
    while True:
        try:
            code, now = _look(client, output, patience), ""
        except ClientError as error:
            if once:
                raise
            code, now = FAILED, f"error: {clean(str(error)).rstrip('.')}; trying again"
        if once:
            return code
        if now and now != told:  # the same trouble is told once
            click.echo(now, err=True)
        told = now
        time.sleep(every)


def _look(client: PrivySealClient, output: str, patience: Patience) -> int:
    """A run, if the files are others than those of the newest one."""
    revision = client.rest("GET", "/gitops/source")["revision"]
    newest = _newest(client)
    if newest is not None and newest["state"] in {"QUEUED", "RUNNING"}:
        newest = _followed(client, newest, quiet=output == "json")
    if patience.rests(revision) or (newest is not None and newest["revision"] == revision):
        return NOTHING
    run = _followed(client, client.rest("POST", RUNS, {}), quiet=output == "json")
    if run["state"] == "FAILED":
        patience.failed(revision)
    return _show_run(client, run, output, everything=False)


def _newest(client: PrivySealClient) -> dict[str, Any] | None:
    runs = client.rest("GET", RUNS, query={"limit": 1})["runs"]
    return runs[0] if runs else None


def _followed(client: PrivySealClient, run: dict[str, Any], *, quiet: bool = False) -> dict[str, Any]:
    """Until its end; the progress goes to standard error, on one line where that is a terminal."""
    told = ""
    while True:
        now = _progress(run)
        if not quiet and now != told:
            click.echo(f"\r{now}" if sys.stderr.isatty() else now, err=True, nl=not sys.stderr.isatty())
            told = now
        if run["state"] not in {"QUEUED", "RUNNING"}:
            break
        time.sleep(LOOK_S)
        run = client.rest("GET", f"{RUNS}/{segment(run['id'])}")
    if not quiet and sys.stderr.isatty():
        click.echo("", err=True)
    return run


def _progress(run: Mapping[str, Any]) -> str:
    if run["state"] == "FAILED":
        return "failed"
    if run["state"] == "QUEUED":
        return "reading the files" + (f" ({clean(run['problem'])})" if run["problem"] else "")
    total, done = sum(run["planned"].values()), sum(run["done"].values())
    share = 100 * done // total if total else 100
    filled = share // 5
    return f"[{'#' * filled}{'.' * (20 - filled)}] {done} of {total} entries, {share} %"


def _show_run(client: PrivySealClient, run: Mapping[str, Any], output: str, *, everything: bool) -> int:
    steps = list(_steps(client, run)) if run["state"] != "QUEUED" else []
    if output == "json":
        show_json({**run, "steps": steps})
    else:
        _show_steps(steps, "outcome", everything=everything)
        show_fields(
            {
                "run": run["id"],
                "state": run["state"],
                "revision": run["revision"],
                "problem": run["problem"],
                "done": _summary(run["done"]),
            }
        )
    if run["state"] == "FAILED":
        return FAILED
    return REFUSALS if run["done"]["refuse"] else NOTHING


def _steps(client: PrivySealClient, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return client.pages(f"{RUNS}/{segment(run['id'])}/steps", "steps", {"limit": STEPS})


def _show_steps(steps: list[dict[str, Any]], member: str, *, everything: bool) -> None:
    shown = [each for each in steps if everything or (each[member] or "waiting") not in _QUIET]
    if not shown:
        return
    rows = (
        (
            each[member] or "waiting",
            f"{each['file']}:{each['entry']}" if each["entry"] else each["file"],
            each["common_name"],
            each["serial_number"] or "",
            each["reason"],
        )
        for each in shown
    )
    show_rows(("WHAT", "ENTRY", "COMMON NAME", "SERIAL NUMBER", "WHY"), rows)


def _summary(counts: Mapping[str, int]) -> str:
    words = [f"{counts[name]} to {name}" for name in (*_CHANGES, "refuse", "skip", "leave") if counts[name]]
    return ", ".join(words).replace(" to ", " ") or "nothing"
