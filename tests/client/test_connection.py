"""Where the service is: which of several hints counts, and what is said when there is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.client import (
    ClientError,
    Environment,
    NoServiceError,
    default_data_dir,
    find_environment,
    read_environment,
)

WRITTEN = {
    "url": "http://127.0.0.1:8000",
    "access_key_id": "AKIA1",
    "secret_access_key": "secret",
    "region": "us-east-1",
    "root_ca_arn": "root",
    "issuing_ca_arn": "issuing",
    "ca_bundle": "/x/roots.pem",
}
VARIABLES = {
    "PRIVYSEAL_URL": "http://127.0.0.1:9000",
    "AWS_ACCESS_KEY_ID": "AKIA2",
    "AWS_SECRET_ACCESS_KEY": "other",
}


def write(directory: Path, content: Any = None) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "environment.json").write_text(json.dumps(WRITTEN if content is None else content))
    return directory


def test_the_file_says_everything(tmp_path: Path) -> None:
    environment = read_environment(write(tmp_path))
    assert environment == Environment(**WRITTEN)
    assert not environment.has_tls


def test_a_named_directory_counts_before_the_variables(tmp_path: Path) -> None:
    assert find_environment(write(tmp_path), VARIABLES).access_key_id == "AKIA1"
    named = VARIABLES | {"PRIVYSEAL_DATA_DIR": str(tmp_path)}
    assert find_environment(None, named).access_key_id == "AKIA1"


def test_the_option_counts_before_the_variable_of_the_same_meaning(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one"), write(tmp_path / "two", WRITTEN | {"access_key_id": "AKIA3"})
    assert find_environment(two, {"PRIVYSEAL_DATA_DIR": str(one)}).access_key_id == "AKIA3"


def test_the_variables_count_before_the_default_directory(tmp_path: Path) -> None:
    write(tmp_path / "privyseal")
    home = {"XDG_DATA_HOME": str(tmp_path)}
    assert find_environment(None, home).access_key_id == "AKIA1"
    environment = find_environment(
        None, home | VARIABLES | {"PRIVYSEAL_ISSUING_CA_ARN": "ca", "AWS_SESSION_TOKEN": "t"}
    )
    assert environment == Environment(
        "http://127.0.0.1:9000", "AKIA2", "other", "us-east-1", session_token="t", issuing_ca_arn="ca"
    )


def test_the_endpoint_of_the_aws_tools_will_do_and_our_own_variable_wins() -> None:
    aws_only = VARIABLES | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PRIVYSEAL_URL": ""}
    assert find_environment(None, aws_only).url == "http://127.0.0.1:1"
    assert (
        find_environment(None, VARIABLES | {"AWS_ENDPOINT_URL": "http://x"}).url == VARIABLES["PRIVYSEAL_URL"]
    )


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_missing_variable_is_named(missing: str) -> None:
    variables = {name: value for name, value in VARIABLES.items() if name != missing}
    with pytest.raises(NoServiceError, match=missing):
        find_environment(None, variables)


def test_without_any_hint_the_message_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(NoServiceError) as caught:
        find_environment(None, {"XDG_DATA_HOME": str(tmp_path)})
    assert "privyseal up" in caught.value.advice


def test_a_directory_without_a_service_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoServiceError) as caught:
        find_environment(tmp_path, VARIABLES)
    assert str(tmp_path) in caught.value.message
    assert f"privyseal up --data-dir {tmp_path}" in caught.value.advice


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        "text",
        WRITTEN | {"url": None},
        WRITTEN | {"url": 1},
        WRITTEN | {"region": ""},
        WRITTEN | {"ca_bundle": 3},
        {name: value for name, value in WRITTEN.items() if name != "secret_access_key"},
    ],
)
def test_a_file_that_the_service_did_not_write_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ClientError, match="not what the service writes"):
        read_environment(write(tmp_path, content))


@given(content=st.binary(max_size=200))
def test_no_bytes_in_the_file_do_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("data")
    (directory / "environment.json").write_bytes(content)
    with pytest.raises(ClientError):
        read_environment(directory)


def test_what_the_service_does_not_have_yet_may_be_null(tmp_path: Path) -> None:
    content = WRITTEN | {"root_ca_arn": None, "issuing_ca_arn": None, "ca_bundle": None, "later": 1}
    assert read_environment(write(tmp_path, content)).issuing_ca_arn is None


def test_the_default_directory_follows_xdg(tmp_path: Path) -> None:
    assert default_data_dir({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "privyseal"
    by_default = Path.home() / ".local/share/privyseal"
    assert default_data_dir({}) == by_default
    assert default_data_dir({"XDG_DATA_HOME": "relative"}) == by_default
