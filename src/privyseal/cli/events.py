"""`privyseal events`: what has happened, where it went, and what did not arrive."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

import click

from privyseal.cli.options import example, output_option, with_environment
from privyseal.cli.output import clean, show_fields, show_json, show_rows
from privyseal.cli.subscriptions import subscribe, subscriptions, unsubscribe
from privyseal.client import Environment, PrivySealClient
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.patterns import compile_pattern

PATH = "/events"
LOOK_S = 1.0
NO_MATCH = 1  # the exit code
_MAX_EVENT = 1024 * 1024  # characters of a line


@click.group()
def events() -> None:
    """Events: their history, rules, dead letters, and who is told."""


for _command in (subscribe, subscriptions, unsubscribe):
    events.add_command(_command)


@events.command(
    epilog=example("privyseal events history --since 2026-01-31 --type 'ACM Certificate Available'")
)
@click.option("--since", metavar="TIME", help="That happened then or later (RFC 3339).")
@click.option("--until", metavar="TIME", help="That happened before.")
@click.option("--resource", metavar="ARN", help="About this certificate, authority or device (device/ID).")
@click.option("--type", "detail_type", metavar="TEXT", help="Of this detail-type.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@output_option
@with_environment
def history(
    *,
    environment: Environment,
    since: str | None,
    until: str | None,
    resource: str | None,
    detail_type: str | None,
    limit: int,
    output: str,
) -> None:
    """List events, newest first, and where they went.

    What an authority issues by IssueCertificate is here only where a rule wants it: `privyseal cert list`
    has it all.
    """
    asked = {"since": since, "until": until, "resource": resource, "detail_type": detail_type}
    query = {name: value for name, value in asked.items() if value is not None}
    pages = environment.client().pages(PATH, "events", {**query, "limit": min(limit, 1000)})
    found = [each for each, _ in zip(pages, range(limit), strict=False)]
    if output == "json":
        show_json({"events": found})
    else:
        head = ("TIME", "EVENT", "ABOUT", "RESULT", "DELIVERED")
        show_rows(head, [(*_columns(each["event"]), _whereto(each["deliveries"])) for each in found])


@events.command(epilog=example("privyseal events tail --output json | jq ."))
@output_option
@with_environment
def tail(environment: Environment, output: str) -> None:
    """Print events as they happen, until Ctrl-C; with --output json one object on each line."""
    for each in _coming(environment.client()):
        event = each["event"]
        click.echo(json.dumps(event) if output == "json" else clean("  ".join(_columns(event))))


@events.command(epilog=example("privyseal events rules"))
@output_option
@with_environment
def rules(environment: Environment, output: str) -> None:
    """List the rules of the service: [rules.NAME] in its settings."""
    found = environment.client().rest("GET", f"{PATH}/rules")
    if output == "json":
        show_json(found)
        return
    rows = [
        (each["name"], _yes(each["enabled"]), ", ".join(each["targets"]), each["pattern"])
        for each in found["rules"]
    ]
    show_rows(("RULE", "ENABLED", "TARGETS", "PATTERN"), rows)


@events.command(
    "test-pattern",
    epilog=example("privyseal events history --output json | privyseal events test-pattern renewed.json"),
)
@click.argument("pattern", type=click.File("r"))
@click.argument("event", type=click.File("r"), default="-")
@output_option
def test_pattern(pattern: IO[str], event: IO[str], output: str) -> int:
    """Say which events a pattern matches, without a service.

    PATTERN is a file with the pattern (JSON). EVENT is a file, or standard input, with one event, with one
    on each line, or what `events history --output json` prints. The exit code is 1 when none matches.
    """
    compiled = compile_pattern(pattern.read(_MAX_EVENT))
    found = [(each, compiled.matches(each)) for each in _events(event)]
    if output == "json":
        show_json({"events": [{"id": each.get("id"), "matches": matches} for each, matches in found]})
    else:
        rows = [("yes" if matches else "no", *_columns(each)) for each, matches in found]
        show_rows(("MATCHES", "TIME", "EVENT", "ABOUT", "RESULT"), rows)
    return 0 if any(matches for _, matches in found) else NO_MATCH


@events.command("dead-letters", epilog=example("privyseal events dead-letters --target deploy"))
@click.option("--target", metavar="NAME", help="Of this target only.")
@output_option
@with_environment
def dead_letters(environment: Environment, target: str | None, output: str) -> None:
    """List events that a target never took: they were refused, or tried until the time was over."""
    query = {"target": target} if target else {}
    found = environment.client().pages(f"{PATH}/dead-letters", "dead_letters", query)
    if output == "json":
        show_json({"dead_letters": list(found)})
        return
    rows = (
        (
            _whom(each),
            each["event"]["id"],
            *_columns(each["event"])[:3],
            str(each["attempts"]),
            each["error"] or "",
        )
        for each in found
    )
    show_rows(("TARGET", "EVENT ID", "TIME", "EVENT", "ABOUT", "ATTEMPTS", "ERROR"), rows)


@events.command(epilog=example("privyseal events replay --target deploy"))
@click.option("--target", metavar="NAME", help="Dead letters of this target.")
@click.option("--event", "event_id", metavar="ID", help="Dead letters of this event.")
@click.option("--all", "everything", is_flag=True, help="Every dead letter.")
@output_option
@with_environment
def replay(
    *, environment: Environment, target: str | None, event_id: str | None, everything: bool, output: str
) -> None:
    """Send dead letters again, as if they were new."""
    if everything == bool(target or event_id):
        raise click.UsageError("Say which: --target, --event, both, or --all.")
    answer = environment.client().rest("POST", f"{PATH}/replays", {"target": target, "event_id": event_id})
    if output == "json":
        show_json(answer)
    else:
        show_fields({"Sent again": str(answer["replayed"])})


def _coming(client: PrivySealClient) -> Iterator[dict[str, Any]]:
    last: int | str = ""
    while True:
        answer = client.rest("GET", PATH, query={"following": last})
        yield from answer["events"]
        last = answer["following"]
        if not answer["events"]:
            sys.stdout.flush()
            time.sleep(LOOK_S)


def _events(file: IO[str]) -> Iterator[dict[str, Any]]:
    """Raises INVALID_ARGUMENT for what is no event."""
    text = file.read(64 * _MAX_EVENT)
    try:
        whole = json.loads(text)
        found = [each["event"] for each in whole["events"]] if "events" in whole else [whole]
    except (ValueError, TypeError, LookupError):
        found = _lines(text)
    for each in found:
        if not isinstance(each, dict):
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "An event is a JSON object.")
        yield each


def _lines(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"This is no event: {error}") from None


def _columns(event: dict[str, Any]) -> tuple[str, str, str, str]:
    """When, what, about what, and how it ended."""
    resources, detail = event.get("resources"), event.get("detail")
    about = str(resources[-1]) if isinstance(resources, list) and resources else "-"
    result = detail.get("result") or detail.get("Action") if isinstance(detail, dict) else None
    return str(event.get("time", "-")), str(event.get("detail-type", "-")), about, str(result or "-")


def _whereto(deliveries: list[dict[str, Any]]) -> str:
    """Of a target with recipients, how many have it, and how many have not."""
    counts = Counter(f"{each['target']} {each['state'].lower()}" for each in deliveries)
    return ", ".join(f"{what} to {count}" if count > 1 else what for what, count in counts.items()) or "-"


def _whom(letter: dict[str, Any]) -> str:
    recipient = letter.get("recipient")
    return f"{letter['target']}, subscription {recipient}" if recipient else str(letter["target"])


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
