"""Options and values that every command that revokes has."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

# RevocationReason of the acm-pca service model.
REASONS = (
    "UNSPECIFIED",
    "KEY_COMPROMISE",
    "CERTIFICATE_AUTHORITY_COMPROMISE",
    "AFFILIATION_CHANGED",
    "SUPERSEDED",
    "CESSATION_OF_OPERATION",
    "PRIVILEGE_WITHDRAWN",
    "A_A_COMPROMISE",
)


class Reason(click.ParamType[str]):
    """One of `REASONS`, in any case, with hyphens or underscores."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        chosen = str(value).upper().replace("-", "_")
        if chosen not in REASONS:
            self.fail(f"{value!r} is not one of {', '.join(REASONS)}", param, ctx)
        return chosen


class Time(click.ParamType[str]):
    """A date, or a time in UTC; as the API takes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is not a time like 2026-11-20 or 2026-11-20T12:00:00Z", param, ctx)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


def reason_option(*, required: bool = False) -> Callable[..., Any]:
    default: dict[str, Any] = (
        {"required": True} if required else {"default": "UNSPECIFIED", "show_default": True}
    )
    return click.option("--reason", type=Reason(), help=f"One of {', '.join(REASONS)}.", **default)


invalidity_date_option = click.option(
    "--invalidity-date",
    type=Time(),
    metavar="TIME",
    help="Since when it is invalid, if that was earlier: a date, or a time in UTC.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what it means; change nothing.")
