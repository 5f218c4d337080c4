"""Options that several commands share, and the values that they become."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from privyseal.client.connection import find_environment
from privyseal.client.errors import UnreachableError

Command = TypeVar("Command", bound=Callable[..., Any])

# Short names for what people mean → the names of the acm-pca service model.
SHORT_KEY_ALGORITHMS = {"EC_256": "EC_prime256v1", "EC_384": "EC_secp384r1", "EC_521": "EC_secp521r1"}

_DATA_DIR_HELP = "The data directory of the service [default: PRIVYSEAL_DATA_DIR, or where `up` puts it]."

data_dir_option = click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), default=None, help=_DATA_DIR_HELP
)

output_option = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)

force_option = click.option("--force", is_flag=True, help="Overwrite files that exist.")


def example(command: str) -> str:
    """The end of a help text: a line to copy; its first character tells click not to wrap it."""
    return f"\b\nExample: {command}"


def with_environment(command: Command) -> Command:
    """Give the command `environment`: the service that --data-dir or the variables name."""

    @functools.wraps(command)
    def run(*args: Any, data_dir: Path | None, **kwargs: Any) -> Any:
        environment = find_environment(data_dir)
        try:
            return command(*args, environment=environment, **kwargs)
        except UnreachableError as error:
            where = f" --data-dir {data_dir}" if data_dir else ""
            error.advice = error.advice or f"Is the service running? Start it with `privyseal up{where}`."
            raise

    return data_dir_option(run)  # type: ignore[return-value]  # click's decorator keeps the callable


class KeyAlgorithm(click.ParamType[str]):
    """An AWS name (EC_prime256v1, RSA_2048, ML_DSA_65 …) or a short one (EC_256), in any case."""

    name = "algorithm"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from privyseal.x509.algorithms import KEY_ALGORITHMS  # noqa: PLC0415 - 80 ms that --help saves

        names = {name.upper(): name for name in KEY_ALGORITHMS} | SHORT_KEY_ALGORITHMS
        found = names.get(str(value).upper())
        if found is None:
            self.fail(f"{value!r} is not one of {', '.join(sorted(names.values()))}", param, ctx)
        return found


key_algorithm_option = click.option(
    "--key-algorithm",
    type=KeyAlgorithm(),
    default="EC_256",
    show_default=True,
    help="Of the private key: EC_256, EC_384, RSA_2048, RSA_3072, RSA_4096, ML_DSA_65 …",
)
