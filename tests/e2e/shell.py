"""Commands as people type them: run, and read."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.service import COMMAND, Service, clean_environment, patience

SECONDS = 120


def attempt(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command's end, whatever it is. `given` is its standard input."""
    environment = clean_environment() if env is None else dict(env)
    return subprocess.run(
        [str(word) for word in command],
        env=environment,
        cwd=cwd,
        input="" if given is None else given,
        capture_output=True,
        text=True,
        timeout=patience(SECONDS),
        check=False,
    )


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
) -> str:
    """The output of a command that succeeds."""
    done = attempt(*command, env=env, cwd=cwd, given=given)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def fails(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
) -> str:
    """What a command that fails says on standard error: one clear text, never a traceback."""
    done = attempt(*command, env=env, cwd=cwd, given=given)
    assert done.returncode != 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.stderr


class PrivySeal:
    """The command `privyseal` on one data directory, from a folder of its own."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder

    def _words(self, words: tuple[str | Path, ...]) -> list[str | Path]:
        return [*COMMAND, *words, "--data-dir", self.service.data_dir]

    def __call__(self, *words: str | Path, given: str | None = None) -> str:
        return run(*self._words(words), cwd=self.folder, given=given)

    def json(self, *words: str | Path, given: str | None = None) -> Any:
        return json.loads(self(*words, "--output", "json", given=given))

    def fails(self, *words: str | Path, given: str | None = None) -> str:
        return fails(*self._words(words), cwd=self.folder, given=given)


def on_path(service: Service) -> dict[str, str]:
    """The variables of a shell in which `privyseal` can be called by its name."""
    environment = clean_environment(PRIVYSEAL_DATA_DIR=str(service.data_dir))
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return environment
