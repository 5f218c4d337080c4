"""The command `privyseal`: a table of its subcommands, each loaded when it is used."""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click

from privyseal.errors import PrivySealError

# Command → where it is, and what the overview says about it. A test holds it against the command's own help.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "up": (
            "privyseal.cli.serve:up",
            "Start a private CA here: keys, a root and an issuing CA, and serve.",
        ),
        "env": ("privyseal.cli.env:env", "Print shell lines that point the AWS tools at the service."),
        "ca": ("privyseal.cli.ca:ca", "Create and list certificate authorities."),
        "csr": ("privyseal.cli.csr:csr", "Make a private key and a certificate signing request."),
        "issue": ("privyseal.cli.issue:issue", "Issue a certificate and write it to files."),
        "cert": ("privyseal.cli.cert:cert", "List, fetch and revoke certificates."),
        "inspect": ("privyseal.cli.inspect:inspect", "Show what a certificate says."),
        "device": ("privyseal.cli.device:device", "Register devices, list them, suspend and retire them."),
        "audit": ("privyseal.cli.audit:audit", "Verify, export and prove the audit trail."),
        "jobs": ("privyseal.cli.jobs:jobs", "Show recurring work: CRLs, checkpoints, renewals, deliveries …"),
        "serverless": (
            "privyseal.cli.serverless:serverless",
            "Certificates as serverless-ca has them: find, decode, and move a deployment here.",
        ),
        "events": (
            "privyseal.cli.events:events",
            "Events: their history, rules, dead letters, and who is told.",
        ),
        "gitops": (
            "privyseal.cli.gitops:gitops",
            "Certificates by pull request: files of a repository say what is issued and revoked.",
        ),
        "init": (
            "privyseal.cli.offline:init",
            "Create a data directory with an administrator's key and no authority.",
        ),
        "serve": (
            "privyseal.cli.serve:serve",
            "Serve an existing data directory (for operators): creates no authority.",
        ),
    }
)


class _Commands(click.Group):
    """Imports a subcommand when it is asked for; the overview needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_Commands, epilog="Start with: privyseal up", context_settings={"max_content_width": 100})
@click.version_option(package_name="privyseal")
def cli() -> None:
    """Privy Seal: a private certificate authority that the AWS tools can talk to."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave: 0 done, 1 failed, 2 not understood."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code, after one clear line for whatever went wrong; never a traceback."""
    try:
        result = cli.main(arguments, prog_name="privyseal", standalone_mode=False)
    except click.Abort:
        return _complain("interrupted")
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader (`| head`) has had enough. Nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the one place where everything ends as a line of text
        return _complain(*explain(error))
    return result if isinstance(result, int) else 0


def explain(error: Exception) -> tuple[str, str]:
    """What went wrong, and what to do about it (or nothing)."""
    from privyseal.client.errors import ClientError  # noqa: PLC0415 - --help does not need the client

    if isinstance(error, ClientError):
        from privyseal.cli.advice import advice_on  # noqa: PLC0415

        return str(error), advice_on(error)
    if isinstance(error, PrivySealError):
        return error.message, ""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}", ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - it is only text
    return f"{type(error).__name__} at {place}: {error}", "This is a defect in privyseal: please report it."


def _complain(message: str, advice: str = "") -> int:
    from privyseal.cli.output import clean  # noqa: PLC0415 - only when something went wrong

    click.echo(f"error: {clean(message)}", err=True)
    if advice:
        click.echo(advice, err=True)
    return 1
