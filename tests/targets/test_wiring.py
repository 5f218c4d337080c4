"""From `[targets.NAME]` to a target: every type is made from its section, secrets from files for one user."""

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.secret_file import MAX_BYTES, read_secret
from privyseal.settings import Settings
from privyseal.targets import TARGETS
from privyseal.wiring.parts import Parts
from privyseal.wiring.targets import subscriptions, targets
from tests.targets.conftest import SECRET
from tests.targets.samples import attempt, event

SECTIONS = {
    "command": 'command = ["/bin/cat"]\ntimeout-seconds = 5',
    "eventbridge": 'bus = "b"\nregion = "eu-west-1"',
    "file": 'path = "FOLDER/events.jsonl"',
    "nats": 'url = "nats://localhost"\nsubject = "a.b"\nusername = "u"\npassword-file = "FOLDER/secret"',
    "python-handler": 'file = "FOLDER/f.py"\ncredentials-file = "FOLDER/secret"\nprofile = "p"',
    "smtp": 'host = "localhost"\nsender = "a@b.example"\nusername = "u"\npassword-file = "FOLDER/secret"',
    "sns": 'topic-arn = "arn:aws:sns:eu-west-1:123456789012:t"',
    "sqs": 'queue-url = "https://sqs.example/q"\nregion = "eu-west-1"',
    "webhook": 'url = "https://hooks.example/x"\nsecret-file = "FOLDER/secret"',
}
WITH_SECRETS = ("nats", "python-handler", "smtp", "webhook")


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, aws_environment: None) -> Path:
    file = tmp_path / "secret"
    file.write_bytes(SECRET + b"\n")
    file.chmod(0o600)
    (tmp_path / "f.py").write_text("")
    return file


@pytest.fixture(name="directory")
def directory_fixture(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    return made


def section(folder: Path, text: str) -> Settings:
    return msgspec.convert(tomllib.loads(text.replace("FOLDER", str(folder))), Settings)


def made(directory: DataDirectory, settings: Settings) -> Any:
    parts = Parts(directory, settings)
    try:
        return targets(parts)
    finally:
        parts.close()


@pytest.mark.parametrize("kind", sorted(TARGETS))
def test_every_type_is_made_from_its_section(tmp_path: Path, directory: DataDirectory, kind: str) -> None:
    settings = section(tmp_path, f'[targets.mine]\ntype = "{kind}"\n{SECTIONS[kind]}')
    (name, target), *_ = made(directory, settings).items()
    module, _, attribute = TARGETS[kind].partition(":")
    assert (name, target.name) == ("mine", "mine")
    assert (type(target).__module__, type(target).__name__) == (module, attribute)


@pytest.mark.parametrize("kind", WITH_SECRETS)
def test_a_secret_that_others_can_read_ends_the_start(
    tmp_path: Path, directory: DataDirectory, secret: Path, kind: str
) -> None:
    secret.chmod(0o640)
    settings = section(tmp_path, f'[targets.mine]\ntype = "{kind}"\n{SECTIONS[kind]}')
    with pytest.raises(PrivySealError, match=r"\[targets.mine\].*chmod 600") as refused:
        made(directory, settings)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
    assert SECRET.decode() not in refused.value.message


@pytest.mark.parametrize(
    ("mode", "why"), [(0o646, "everybody"), (0o666, "chmod o-w"), (None, "No such file")]
)
@pytest.mark.parametrize("kind", ["command", "python-handler"])
def test_a_program_that_is_not_there_or_anybodys_ends_the_start(
    tmp_path: Path, directory: DataDirectory, kind: str, mode: int | None, why: str
) -> None:
    file = tmp_path / "f.py"
    if mode is None:
        file.unlink()
    else:
        file.chmod(mode)
    text = SECTIONS[kind].replace("/bin/cat", "FOLDER/f.py")
    with pytest.raises(PrivySealError, match=rf"\[targets.mine\].*{why}") as refused:
        made(directory, section(tmp_path, f'[targets.mine]\ntype = "{kind}"\n{text}'))
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT


def test_what_can_neither_be_run_nor_is_a_file_ends_the_start(
    tmp_path: Path, directory: DataDirectory
) -> None:
    for path, why in (("f.py", "cannot be run"), (".", "no file")):
        text = f'[targets.mine]\ntype = "command"\ncommand = ["FOLDER/{path}"]'
        with pytest.raises(PrivySealError, match=why):
            made(directory, section(tmp_path, text))


def test_a_user_without_a_password_is_refused(tmp_path: Path, directory: DataDirectory) -> None:
    text = '[targets.m]\ntype = "smtp"\nhost = "h"\nsender = "a@b"\nusername = "u"'
    with pytest.raises(PrivySealError, match="belong together"):
        made(directory, section(tmp_path, text))


def test_what_is_no_secret_is_refused(tmp_path: Path, secret: Path) -> None:
    assert read_secret(str(secret), "x") == SECRET
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.write_text("\n")
    large.write_bytes(b"x" * (MAX_BYTES + 1))
    for file in (empty, large):
        file.chmod(0o600)
    tmp_path.chmod(0o700)
    for file in (empty, large, tmp_path / "missing", tmp_path):
        with pytest.raises(PrivySealError, match="The file that x names"):
            read_secret(str(file), "x")


@pytest.mark.parametrize(
    "text",
    [
        'type = "fax"',
        'path = "/x"',
        'type = "file"\npath = "relative"',
        'type = "file"\npath = "/x"\nsecret = "inline"',
        'type = "webhook"\nurl = "https://x"',
        'type = "webhook"\nurl = "ftp://x"\nsecret-file = "/x"',
        'type = "webhook"\nurl = "http://x y"\nsecret-file = "/x"',
        'type = "command"\ncommand = []',
        'type = "command"\ncommand = "rm -rf"',
        'type = "smtp"\nhost = "h"\nsender = "a@b"\nsecurity = "none"',
        'type = "smtp"\nhost = "h"\nsender = "a@b\\r\\nX: y"',
        'type = "smtp"\nhost = "h"\nsender = "a@b"\npassword = "inline"',
        'type = "nats"\nurl = "http://x"\nsubject = "a"',
        'type = "nats"\nurl = "nats://u:p@x"\nsubject = "a"',
        'type = "nats"\nurl = "nats://x"\nsubject = "a.*"',
        'type = "sns"\ntopic-arn = "t"',
        'type = "python-handler"\nfile = "/x"\nfunction = "a.b"',
        'type = "python-handler"\nfile = "/x"\nmemory-mb = 1',
        'type = "python-handler"\nfile = "/x"\ntimeout-seconds = 901',
    ],
)
def test_a_section_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(tomllib.loads(f"[targets.mine]\n{text}"), Settings)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "x" * 65, "ä"])
def test_a_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"targets": {name: {"type": "file", "path": "/x"}}}, Settings)


def test_handlers_and_links_use_what_the_service_has_noted(tmp_path: Path, directory: DataDirectory) -> None:
    """As it is at each call: another start may have taken another port."""
    (tmp_path / "f.py").write_text(
        "import json, os\n"
        "def lambda_handler(event, context):\n"
        f"    open({str(tmp_path / 'got')!r}, 'w').write(json.dumps(dict(os.environ)))\n"
    )
    text = (
        '[targets.f]\ntype = "python-handler"\nfile = "FOLDER/f.py"\n[targets.m]\ntype = "smtp"\n'
        'host = "h"\nsender = "a@b"\n[targets.o]\ntype = "smtp"\nhost = "h"\nsender = "a@b"\n'
        'link-url = "https://pki.example/x/"\n'
    )
    parts = Parts(directory, section(tmp_path, text))
    try:
        keys = {"access_key_id": "AKIA1", "secret_access_key": "the secret"}
        handler = targets(parts)["f"]
        for url in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
            directory.write_environment({"url": url, **keys})
            handler.send(event(), attempt())
            got = json.loads((tmp_path / "got").read_text())
            assert (got["AWS_ENDPOINT_URL"], got["AWS_ACCESS_KEY_ID"]) == (url, "AKIA1")
            assert "AWS_CA_BUNDLE" not in got
        assert subscriptions(parts)._url_of("m") == "http://127.0.0.1:2"
        assert subscriptions(parts)._url_of("o") == "https://pki.example/x"
    finally:
        parts.close()
