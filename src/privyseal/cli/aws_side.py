"""Options of commands that speak to AWS themselves, with credentials of whoever runs them."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def aws_options(api: str) -> Callable[[Command], Command]:
    """Give the command `profile` and `endpoint_url`; `api` is what AWS calls the service."""

    def add(command: Command) -> Command:
        endpoint = click.option("--endpoint-url", help=f"Another server that speaks the API of {api}.")
        profile = click.option(
            "--profile", help="Of the AWS configuration files; by default credentials as AWS tools find them."
        )
        return profile(endpoint(command))

    return add


def check_endpoint(endpoint_url: str | None) -> None:
    """`privyseal env` points the AWS tools at the service, which is not AWS."""
    if endpoint_url is None and os.environ.get("AWS_ENDPOINT_URL"):
        raise click.UsageError(
            "AWS_ENDPOINT_URL sends AWS tools somewhere else (`privyseal env` sets it): unset it, or give "
            "--endpoint-url"
        )
