"""`privyseal env`, judged by a real shell."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell

WRITTEN: dict[str, Any] = {
    "url": "http://127.0.0.1:8000",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": 'se\'cr$et `x` "y"',
    "region": "eu-central-1",
    "root_ca_arn": ROOT_ARN,
    "issuing_ca_arn": ISSUING_ARN,
    "ca_bundle": "/tmp/a b/roots.pem",
}
IN_THE_WAY = {
    "AWS_PROFILE": "other",
    "AWS_SESSION_TOKEN": "other",
    "AWS_SECURITY_TOKEN": "other",
    "AWS_CA_BUNDLE": "other",
    "AWS_REGION": "other",
    "AWS_ENDPOINT_URL_ACM_PCA": "other",
    "AWS_CREDENTIAL_EXPIRATION": "other",
}


def write(directory: Path, **changes: Any) -> str:
    directory.mkdir(exist_ok=True)
    (directory / "environment.json").write_text(json.dumps(WRITTEN | changes))
    return str(directory)


def evaluated(lines: str, environ: dict[str, str]) -> dict[str, str]:
    """The environment of a program that a shell starts after `eval "$(…)"`."""
    shell, env = shutil.which("sh"), shutil.which("env")
    assert shell
    assert env
    done = subprocess.run(
        [shell, "-euc", f'eval "$1"; exec {env} -0', "sh", lines],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    return {name: value for name, value in pairs if name.startswith(("AWS_", "PRIVYSEAL_"))}


EXPECTED = {
    "AWS_ENDPOINT_URL": WRITTEN["url"],
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": WRITTEN["secret_access_key"],
    "AWS_DEFAULT_REGION": "eu-central-1",
    "PRIVYSEAL_URL": WRITTEN["url"],
    "PRIVYSEAL_ROOT_CA_ARN": ROOT_ARN,
    "PRIVYSEAL_ISSUING_CA_ARN": ISSUING_ARN,
    "PRIVYSEAL_CA_BUNDLE": "/tmp/a b/roots.pem",
}


def test_a_shell_ends_up_with_exactly_the_services_variables(shell: Shell, tmp_path: Path) -> None:
    """Quotes, blanks, dollars and backticks in values included; what was in the way is gone."""
    outcome = shell("env", "--data-dir", write(tmp_path / "d"))
    assert (outcome.code, outcome.err) == (0, "")
    assert evaluated(outcome.out, IN_THE_WAY) == EXPECTED


def test_with_tls_the_aws_tools_are_told_what_to_trust(shell: Shell, tmp_path: Path) -> None:
    """The roots of the service's own certificate, which need not be those of its authorities."""
    trust = {"url": "https://ca.internal", "tls_ca_bundle": "/tmp/a b/trust.pem"}
    outcome = shell("env", "--data-dir", write(tmp_path / "d", **trust))
    found = evaluated(outcome.out, IN_THE_WAY)
    assert found["AWS_CA_BUNDLE"] == "/tmp/a b/trust.pem"
    assert found["AWS_ENDPOINT_URL"] == "https://ca.internal"
    outcome = shell("env", "--data-dir", write(tmp_path / "d", url="https://ca.internal"))
    assert "AWS_CA_BUNDLE" not in evaluated(outcome.out, IN_THE_WAY)


def test_what_the_service_does_not_have_is_taken_from_the_shell(shell: Shell, tmp_path: Path) -> None:
    """An ARN of another service would be worse than none."""
    outcome = shell("env", "--data-dir", write(tmp_path / "d", issuing_ca_arn=None))
    assert "PRIVYSEAL_ISSUING_CA_ARN" not in evaluated(outcome.out, {"PRIVYSEAL_ISSUING_CA_ARN": "old"})


def test_unset_takes_everything_back_without_any_service(shell: Shell) -> None:
    outcome = shell("env", "--unset")
    assert (outcome.code, outcome.err) == (0, "")
    assert evaluated(outcome.out, EXPECTED | {"AWS_CA_BUNDLE": "x", "AWS_PROFILE": "mine"}) == {
        "AWS_PROFILE": "mine"
    }


def test_only_shell_lines_are_printed(shell: Shell, tmp_path: Path) -> None:
    outcome = shell("env", "--data-dir", write(tmp_path / "d"))
    assert all(line.startswith(("export ", "unset ")) for line in outcome.out.splitlines())


def test_without_a_service_nothing_is_printed_for_the_shell(shell: Shell) -> None:
    outcome = shell("env")
    assert (outcome.code, outcome.out) == (1, "")
    assert "privyseal up" in outcome.err


def test_the_file_is_read_even_where_old_variables_are_set(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service may have moved to another port since."""
    monkeypatch.setenv("PRIVYSEAL_URL", "http://127.0.0.1:1")
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "privyseal")
    assert "http://127.0.0.1:8000" in shell("env").out


def test_json_says_the_same(shell: Shell, tmp_path: Path) -> None:
    said = json.loads(shell("env", "--output", "json", "--data-dir", write(tmp_path / "d")).out)
    assert said["export"] == EXPECTED
    assert "AWS_CA_BUNDLE" in said["unset"]
