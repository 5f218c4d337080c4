"""The command as a whole: its overview, its exit codes, and how it says that something went wrong."""

import json
import subprocess
import sys

import click
import pytest

from privyseal.cli.main import COMMANDS, cli, explain
from privyseal.client import ApiError
from privyseal.errors import ErrorCode, PrivySealError
from tests.cli.conftest import Shell
from tests.client.far_side import FarSide, aws_error


def test_the_overview_needs_neither_cryptography_nor_the_subcommands() -> None:
    """It is what people wait for at a prompt."""
    program = (
        "import sys; from privyseal.cli.main import run; code = run(['--help']);"
        "ours = ('cryptography', 'privyseal.client', 'privyseal.cli.');"
        "print([name for name in sys.modules if name.startswith(ours)]);"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['privyseal.cli.main']"
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_overview_says_what_the_command_itself_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name][1]


def every_command() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        found += commands_of(name, command)
    return found


def commands_of(name: str, command: click.Command) -> list[tuple[str, click.Command]]:
    """The command, or those of the group and of the groups in it."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    return [each for sub, below in command.commands.items() for each in commands_of(f"{name} {sub}", below)]


def test_every_command_teaches_with_an_example_and_answers_programs() -> None:
    for name, command in every_command():
        assert command.epilog, name
        assert "privyseal " in command.epilog, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--output" in options, name


@pytest.mark.parametrize("arguments", [["nonsense"], ["csr"], ["csr", "--cn"], ["--nonsense"], ["ca", "x"]])
def test_what_is_not_understood_exits_with_two(shell: Shell, arguments: list[str]) -> None:
    outcome = shell(*arguments)
    assert outcome.code == 2
    assert "Error: " in outcome.err
    assert outcome.out == ""


def test_a_refusal_is_one_line_and_what_to_do(shell: Shell, far: FarSide) -> None:
    far.say(
        aws_error("UnrecognizedClientException", "The security token included in the request is invalid.")
    )
    outcome = shell("ca", "list")
    assert outcome.code == 1
    first, second = outcome.err.splitlines()
    assert first.startswith("error: UnrecognizedClientException: The security token")
    assert 'eval "$(privyseal env)"' in second
    assert outcome.out == ""


def test_a_service_that_does_not_run_is_said_with_what_to_type(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"URL": "http://127.0.0.1:9", "DATA_DIR": ""}.items():
        monkeypatch.setenv(f"PRIVYSEAL_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    outcome = shell("ca", "list")
    assert outcome.code == 1
    assert "nothing answers at http://127.0.0.1:9" in outcome.err
    assert "privyseal up" in outcome.err


def test_the_advice_repeats_the_directory_that_was_named(shell: Shell) -> None:
    written = {"url": "http://127.0.0.1:9", "access_key_id": "a", "secret_access_key": "s", "region": "r"}
    (shell.directory / "environment.json").write_text(json.dumps(written))
    outcome = shell("ca", "list", "--data-dir", ".")
    assert "privyseal up --data-dir ." in outcome.err


def test_no_hint_of_any_service_says_what_to_type(shell: Shell) -> None:
    outcome = shell("ca", "list")
    assert outcome.code == 1
    assert outcome.err.startswith("error: no service is known")
    assert "privyseal up" in outcome.err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PrivySealError(ErrorCode.INVALID_ARN, "'x' is no ARN"), "'x' is no ARN"),
        (ApiError("Some", "text", 400), "Some: text"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_every_kind_of_error_becomes_a_line(error: Exception, message: str) -> None:
    assert explain(error)[0] == message


def test_a_defect_of_ours_names_its_place_and_prints_no_traceback() -> None:
    with pytest.raises(KeyError) as caught:
        COMMANDS["missing"]
    message, advice = explain(caught.value)
    assert message.startswith("KeyError at test_main.py:")
    assert "report" in advice
