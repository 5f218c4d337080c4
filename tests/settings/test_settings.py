"""Settings: where they come from, which source wins, and that no misspelt one passes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings import CONFIG_FILE, NO_SETTINGS, Settings, is_loopback, load


def write(folder: Path, text: str, name: str = CONFIG_FILE) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


Environ = Mapping[str, str]


def loaded(
    folder: Path,
    environ: Environ | None = None,
    *,
    cli: Mapping[str, Any] | None = None,
    config: Path | None = None,
) -> Settings:
    return load(cli or {}, folder, config, environ or {})


def refusal(folder: Path, environ: Environ | None = None, *, config: Path | None = None) -> str:
    with pytest.raises(PrivySealError) as refused:
        loaded(folder, environ, config=config)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
    return refused.value.message


def test_without_any_source_everything_has_its_default(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"PATH": "/bin", "HOME": "/"})
    assert found == Settings()
    assert (found.host, found.port, found.workers, found.region) == ("127.0.0.1", 8700, 1, "us-east-1")
    assert found.on_loopback
    assert not found.serves_tls


def test_the_command_line_wins_over_variables_and_these_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, "port = 1001\nworkers = 2\nregion = 'eu-west-1'\n")
    found = loaded(
        tmp_path, {"PRIVYSEAL_PORT": "2002", "PRIVYSEAL_WORKERS": "4"}, cli={"port": 3003, "workers": None}
    )
    assert (found.port, found.workers, found.region, found.host) == (3003, 4, "eu-west-1", "127.0.0.1")


def test_the_named_file_is_read_instead_of_the_data_directorys(tmp_path: Path) -> None:
    write(tmp_path, "port = 1")
    named = write(tmp_path, "port = 2", "other.toml")
    third = write(tmp_path, "port = 3", "third.toml")
    assert loaded(tmp_path).port == 1
    assert loaded(tmp_path, {"PRIVYSEAL_CONFIG": str(named)}).port == 2
    assert loaded(tmp_path, {"PRIVYSEAL_CONFIG": ""}).port == 1
    assert loaded(tmp_path, {"PRIVYSEAL_CONFIG": str(named)}, config=third).port == 3


def test_a_variable_is_a_settings_name_in_capitals(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "PRIVYSEAL_STATUS_PORT": "9000",
            "PRIVYSEAL_INSECURE_PLAIN_HTTP": "true",
            "PRIVYSEAL_LOG_LEVEL": "INFO",
            "PRIVYSEAL_ACCESS_LOG": "0",
        },
    )
    assert (found.status_port, found.insecure_plain_http, found.log_level, found.access_log) == (
        9000,
        True,
        "INFO",
        False,
    )


def test_sections_come_from_the_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "names = ['ca.example', '10.0.0.1']\n"
        "[devices]\nissuer = 'aws'\nvalidity-days = 30\n"
        "[issuers.aws]\ntype = 'aws-pca'\nauthority = 'arn'\n",
    )
    found = loaded(tmp_path)
    assert found.names == ("ca.example", "10.0.0.1")
    assert (found.devices.issuer, found.devices.validity_days) == ("aws", 30)
    assert found.issuers["aws"].type == "aws-pca"


UNKNOWN = {
    "at the top": "prot = 8700",
    "with an underscore": "log_level = 'info'",
    "in capitals": "PORT = 8700",
    "in devices": "[devices]\nisuer = 'local'",
    "in an issuer": "[issuers.x]\ntype = 'aws-pca'\nauthority = 'a'\nendpoint = 'b'",
    "a section": "[device]\nissuer = 'local'",
    "the data directory": "data-dir = '/tmp'",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_name_in_the_file_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert "unknown field" in refusal(tmp_path)


@pytest.mark.parametrize(
    "variable",
    [
        "PRIVYSEAL_PROT",
        "PRIVYSEAL_",
        "PRIVYSEAL_port",
        "PRIVYSEAL_STATUS-PORT",
        "PRIVYSEAL_DEVICES",
        "PRIVYSEAL_ISSUERS",
        "PRIVYSEAL_NAMES",
        "PRIVYSEAL_DATADIR",
    ],
)
def test_an_unknown_variable_is_an_error_that_names_it(tmp_path: Path, variable: str) -> None:
    assert variable in refusal(tmp_path, {variable: "1"})


def test_what_env_prints_is_no_setting_and_no_error(tmp_path: Path) -> None:
    assert loaded(tmp_path, {f"PRIVYSEAL_{name}": "x" for name in NO_SETTINGS - {"CONFIG"}}) == Settings()
    assert loaded(tmp_path, {"PRIVYSEALED": "1", "AWS_REGION": "x", "MY_PRIVYSEAL_PORT": "1"}) == Settings()


WRONG: Mapping[str, dict[str, str]] = {
    "a port that is no number": {"PRIVYSEAL_PORT": "http"},
    "a port that is empty": {"PRIVYSEAL_PORT": ""},
    "a port too high": {"PRIVYSEAL_PORT": "65536"},
    "a negative port": {"PRIVYSEAL_PORT": "-1"},
    "no workers": {"PRIVYSEAL_WORKERS": "0"},
    "too many workers": {"PRIVYSEAL_WORKERS": "257"},
    "a region in capitals": {"PRIVYSEAL_REGION": "US-EAST-1"},
    "a region with a slash": {"PRIVYSEAL_REGION": "us/east"},
    "a region on two lines": {"PRIVYSEAL_REGION": "us-east-1\n"},
    "a short account": {"PRIVYSEAL_ACCOUNT": "12345678901"},
    "an account of letters": {"PRIVYSEAL_ACCOUNT": "12345678901x"},
    "an account in other digits": {"PRIVYSEAL_ACCOUNT": "١٢٣٤٥٦٧٨٩٠١٢"},
    "a level that there is not": {"PRIVYSEAL_LOG_LEVEL": "verbose"},
    "yes for true": {"PRIVYSEAL_ACCESS_LOG": "maybe"},
    "a certificate without its key": {"PRIVYSEAL_TLS_CERTIFICATE": "a.pem"},
    "a key without its certificate": {"PRIVYSEAL_TLS_KEY": "a.pem"},
}


@pytest.mark.parametrize("environ", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    assert refusal(tmp_path, environ)


@pytest.mark.parametrize(
    "text",
    [
        "port = ",
        "port = 1\nport = 2",
        "\0",
        "[devices]\nvalidity-days = 0",
        "[devices]\nissuer = 'nowhere'",
        "[issuers.x]\ntype = 'aws-pca'",
        "names = 'ca.example'",
        "port = [8700]",
    ],
)
def test_a_wrong_file_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert refusal(tmp_path)


def test_a_file_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(b"host = '\xff'")
    assert "TOML" in refusal(tmp_path)


def test_a_named_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert "cannot be read" in refusal(tmp_path, config=missing)
    assert "cannot be read" in refusal(tmp_path, {"PRIVYSEAL_CONFIG": str(missing)})
    assert "cannot be read" in refusal(tmp_path, config=tmp_path)  # a directory


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.text(max_size=60))
def test_any_file_is_settings_or_one_clear_error(tmp_path: Path, text: str) -> None:
    try:
        write(tmp_path, text)
    except UnicodeEncodeError:  # a lone surrogate is in no file
        return
    try:
        assert isinstance(loaded(tmp_path), Settings)
    except PrivySealError as error:
        assert error.code is ErrorCode.INVALID_ARGUMENT  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_served_in_plain_http(tmp_path: Path, host: str) -> None:
    assert is_loopback(host)
    assert not loaded(tmp_path, {"PRIVYSEAL_HOST": host}).serves_tls


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "ca.example", "", "localhost.example", "127.0.0.1.example", "2130706433"],
)
def test_every_other_address_is_served_with_tls_unless_plain_http_is_named(tmp_path: Path, host: str) -> None:
    assert not is_loopback(host)
    assert loaded(tmp_path, {"PRIVYSEAL_HOST": host}).serves_tls
    insecure = loaded(tmp_path, {"PRIVYSEAL_HOST": host, "PRIVYSEAL_INSECURE_PLAIN_HTTP": "1"})
    assert not insecure.serves_tls
    own = {"tls-certificate": "a.pem", "tls-key": "b.pem"}
    assert loaded(tmp_path, cli={**own, "insecure-plain-http": True, "host": host}).serves_tls


def test_metrics_cannot_share_the_port_of_the_service(tmp_path: Path) -> None:
    """Two listeners on one port would each get half of the requests."""
    with pytest.raises(PrivySealError, match="status-port"):
        load({"port": 9000, "status-port": 9000}, tmp_path, environ={})


@pytest.mark.parametrize("other", ["port", "status-port"])
def test_crls_and_ocsp_share_no_port_with_anything_else(tmp_path: Path, other: str) -> None:
    with pytest.raises(PrivySealError, match="revocation-port"):
        load({other: 9000, "revocation-port": 9000}, tmp_path, environ={})


@pytest.mark.parametrize(
    "url", ["https://pki.example", "http://", "http://pki.example/", "http://a b", "pki"]
)
def test_what_certificates_name_is_a_plain_http_url_without_a_slash_at_its_end(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(PrivySealError, match="revocation-url"):
        load({"revocation-url": url}, tmp_path, environ={})
    assert load({"revocation-url": "http://pki.example/a"}, tmp_path, environ={}).revocation_url


@pytest.mark.parametrize("name", ["", "bad name", "ünïcode.example", "a" * 254, "-x"])
def test_a_name_that_no_certificate_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PrivySealError, match="DNS name"):
        load({"names": (name,)}, tmp_path, environ={})


@pytest.mark.parametrize("name", ["ca.example", "*.example", "10.0.0.7", "::1", "fe80::1", "host_1"])
def test_names_and_addresses_are_taken(tmp_path: Path, name: str) -> None:
    assert load({"names": (name,)}, tmp_path, environ={}).names == (name,)


def test_a_wrong_setting_is_looked_for_where_it_was_given(tmp_path: Path) -> None:
    """A file, a variable or the command line: the message says which, and which setting."""
    (tmp_path / CONFIG_FILE).write_text("workers = 0\n")
    with pytest.raises(PrivySealError, match=rf"in .*{CONFIG_FILE} is wrong.*workers"):
        load({}, tmp_path, environ={})
    (tmp_path / CONFIG_FILE).unlink()
    with pytest.raises(PrivySealError, match=r"variables PRIVYSEAL_… is wrong.*port"):
        load({}, tmp_path, environ={"PRIVYSEAL_PORT": "abc"})
    with pytest.raises(PrivySealError, match=r"on the command line is wrong.*region"):
        load({"region": "nowhere at all"}, tmp_path, environ={})
