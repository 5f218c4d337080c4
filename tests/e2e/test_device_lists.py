"""Long lists of devices on a real service: stopped and repeated, exported, read from DynamoDB live."""

import base64
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import openssl
from tests.e2e.shell import PrivySeal, run
from tests.programs import program
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture
from tests.service import COMMAND, Service, clean_environment, patience
from tests.sources.conftest import REGION, Table, table_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture", "table_fixture"]

MANY = 20_000


@pytest.fixture(name="privyseal")
def privyseal_fixture(tmp_path: Path) -> Iterator[PrivySeal]:
    """A service of its own."""
    service = Service(tmp_path / "data").start()
    yield PrivySeal(service, tmp_path)
    assert service.stop() == 0


def public_key(folder: Path) -> str:
    """Base64 of the DER of a key that openssl made."""
    pem = openssl.public_key(openssl.new_key(folder / "list.key"))
    return "".join(pem.splitlines()[1:-1])


def ids(privyseal: PrivySeal, *words: str) -> list[str]:
    return [each["device_id"] for each in privyseal.json("device", "list", *words)["devices"]]


def test_an_import_that_is_killed_goes_on_where_it_was(privyseal: PrivySeal) -> None:
    """Killed strictly between its first and its last device; none is lost and none is doubled."""
    key = public_key(privyseal.folder)
    rows = [f"sensor-{n:05},{key},lot {n % 7}" for n in range(MANY)]
    file = privyseal.folder / "d.csv"
    file.write_text("\n".join(["device_id,public_key,batch", *rows]) + "\n")
    command = [*COMMAND, "device", "import", str(file), "--data-dir", str(privyseal.service.data_dir)]
    with subprocess.Popen(command, env=clean_environment()) as importing:
        until = time.monotonic() + patience(30)
        while not ids(privyseal, "--search", "sensor-00001"):
            assert time.monotonic() < until
            time.sleep(0.02)
        importing.send_signal(signal.SIGKILL)
    there = len(ids(privyseal))
    assert 0 < there < MANY
    again = privyseal.json("device", "import", file)
    assert again == {"imported": MANY - there, "unchanged": there, "errors": []}
    assert ids(privyseal) == [f"sensor-{n:05}" for n in range(MANY)]


def test_an_exported_list_makes_the_same_registry(privyseal: PrivySeal, tmp_path: Path) -> None:
    key = public_key(privyseal.folder)
    privyseal(
        "device",
        "import",
        "-",
        given=f'device_id,public_key,batch\na,{key},lot 7\n"b,""c",{key},\nd,{key},\n',
    )
    privyseal("device", "suspend", "a")
    privyseal("device", "retire", "d")
    other = Service(tmp_path / "other").start()
    copy = PrivySeal(other, tmp_path)
    try:
        for form in ("csv", "jsonl"):
            exported = privyseal("device", "export", "--output", form)
            counts = copy.json("device", "import", "-", given=exported)
            assert counts["errors"] == []
            assert counts["imported"] + counts["unchanged"] == 3
            assert copy("device", "export", "--output", form) == exported
        states = {each["device_id"]: each["state"] for each in copy.json("device", "list")["devices"]}
        assert states == {"a": "suspended", 'b,"c': "registered", "d": "retired"}
    finally:
        other.stop()


def test_devices_of_a_dynamodb_table_enrol_without_an_import(table: Table, tmp_path: Path) -> None:
    """The reference system's table and its devices' request, with curl, and nothing else."""
    keys = {name: openssl.new_key(tmp_path / f"{name}.key") for name in ("good", "off")}
    for name, key in keys.items():
        pubkey = base64.b64encode(openssl.public_key(key).encode()).decode()
        table.put(name, pubkey=pubkey, **({"status": "disabled"} if name == "off" else {}))
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "privyseal.toml").write_text(
        f"""
[devices]
source = "factory"
device-burst = 2

[sources.factory]
type = "dynamodb"
table = "{table.name}"
region = "{REGION}"
endpoint-url = "{table.url}"
"""
    )
    aws = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    service = Service(data, **aws).start()
    try:
        statuses = [_new(service, tmp_path, keys["good"], "good") for _ in range(3)]
        assert statuses == ["200", "200", "429"]
        assert _new(service, tmp_path, keys["off"], "off") == "403"
        assert _new(service, tmp_path, keys["good"], "nobody") == "404"
        assert ids(PrivySeal(service, tmp_path)) == ["good", "off"]
    finally:
        service.stop()


def _new(service: Service, folder: Path, key: Path, name: str) -> str:
    csr = openssl.new_csr(folder / f"{name}.csr", key, f"/CN={name}")
    header = f"device-csr: {base64.b64encode(csr.read_bytes()).decode()}"
    words = ("--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--request", "POST")
    return run(program("curl"), *words, "--header", header, f"{service.url}/new")
