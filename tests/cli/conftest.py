from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from privyseal.cli.main import run
from tests.client.far_side import FarSide, far_side

ID = "00000000-0000-0000-0000-00000000000"
ROOT_ARN = f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{ID}1"
ISSUING_ARN = f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{ID}2"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Shell:
    """Runs `privyseal …` in this process, in an empty directory of its own and with its own variables."""

    def __init__(self, captured: pytest.CaptureFixture[str], directory: Path) -> None:
        self._captured = captured
        self.directory = directory

    def __call__(self, *arguments: str) -> Outcome:
        self._captured.readouterr()
        code = run(arguments)
        captured = self._captured.readouterr()
        return Outcome(code, captured.out, captured.err)

    def files(self) -> Sequence[str]:
        return sorted(path.name for path in self.directory.iterdir())


@pytest.fixture(name="shell")
def shell_fixture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    directory = tmp_path / "work"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("PRIVYSEAL_DATA_DIR", "PRIVYSEAL_URL", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Shell(capsys, directory)


@pytest.fixture(name="far")
def far_fixture(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    """A far side that the variables name, for the commands that the shell runs."""
    assert shell
    with far_side() as side:
        monkeypatch.setenv("PRIVYSEAL_URL", side.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("PRIVYSEAL_ISSUING_CA_ARN", ISSUING_ARN)
        yield side
