"""How the service starts, ends and starts again, and what it says when it cannot."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.shell import PrivySeal, fails, run
from tests.service import COMMAND, READY_LINE, STOP_SECONDS, Service, clean_environment, patience


@contextmanager
def serving(*command: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """A command that serves until this ends; entered when it accepts requests."""
    words = [str(word) for word in (*COMMAND, *command)]
    env = clean_environment(PYTHONUNBUFFERED="1")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        try:
            assert any(READY_LINE in line for line in process.stdout)
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """An installation that has been started and stopped once."""
    service = Service(tmp_path_factory.mktemp("starts") / "data").start()
    assert service.stop() == 0
    return service


def test_a_restart_continues_where_it_was(tmp_path: Path) -> None:
    """The same authorities, access key, root and device; new certificates from the same key."""
    service = Service(tmp_path / "data").start()
    privyseal = PrivySeal(service, tmp_path)
    before, first = service.environment, privyseal.json("issue", "--cn", "first")
    assert service.stop() == 0
    service.start()
    try:
        after, second = service.environment, privyseal.json("issue", "--cn", "second")
        old = privyseal("cert", "get", first["certificate_arn"])
    finally:
        assert service.stop() == 0
    same = ("access_key_id", "secret_access_key", "root_ca_arn", "issuing_ca_arn", "ca_bundle", "region")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert old.startswith(first["certificate"])
    assert second["certificate_chain"] == first["certificate_chain"]
    issuer = x509.load_pem_x509_certificate(first["certificate_chain"].encode())
    for issued in (first, second):
        x509.load_pem_x509_certificate(issued["certificate"].encode()).verify_directly_issued_by(issuer)


def test_everything_in_the_data_directory_is_for_its_owner_alone(stopped: Service) -> None:
    """0700 and 0600, whatever the umask; no private key lies there in clear."""
    assert stat.S_IMODE(stopped.data_dir.stat().st_mode) == 0o700
    for path in stopped.data_dir.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
        if path.is_file():
            assert b"PRIVATE KEY" not in path.read_bytes(), path


def test_the_bundle_is_the_root(stopped: Service) -> None:
    """One certificate, by an absolute path."""
    bundle = Path(str(stopped.environment.ca_bundle))
    assert bundle.is_absolute()
    (root,) = x509.load_pem_x509_certificates(bundle.read_bytes())
    root.verify_directly_issued_by(root)
    assert root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_second_service_on_the_same_directory_is_refused(service: Service) -> None:
    """It says which directory, and the first one goes on."""
    said = fails(*COMMAND, "up", "--data-dir", service.data_dir, "--port", "0")
    assert str(service.data_dir) in said
    assert "already running" in said
    assert service.process is not None
    assert service.process.poll() is None


def test_a_taken_port_is_said(stopped: Service) -> None:
    """With the port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = fails(*COMMAND, "up", "--data-dir", stopped.data_dir, "--port", port)
    assert port in said
    assert "--port" in said


def test_a_taken_port_leaves_no_half_made_installation(tmp_path: Path) -> None:
    """The port is looked at before keys are made, and the next start is a first one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        fails(*COMMAND, "up", "--data-dir", tmp_path / "data", "--port", str(taken.getsockname()[1]))
    assert not (tmp_path / "data" / "privyseal.db").exists()


@pytest.mark.parametrize(
    ("option", "value"), [("--region", "eu-central-1"), ("--account", "123456789012")], ids=str
)
def test_an_installation_stays_in_its_region_and_account(stopped: Service, option: str, value: str) -> None:
    """They are in every ARN: another one is an error that names both."""
    said = fails(*COMMAND, "up", "--data-dir", stopped.data_dir, "--port", "0", option, value)
    assert value in said
    assert "us-east-1" in said or "000000000000" in said


def test_a_region_and_an_account_are_in_every_arn(tmp_path: Path) -> None:
    """In a partition of its own, too."""
    place = ("--region", "cn-north-1", "--account", "123456789012")
    service = Service(tmp_path / "data", *place).start()
    try:
        assert service.environment.region == "cn-north-1"
        arn = str(service.environment.issuing_ca_arn)
        assert arn.startswith("arn:aws-cn:acm-pca:cn-north-1:123456789012:certificate-authority/")
        issued = PrivySeal(service, tmp_path).json("issue", "--cn", "app")
        assert issued["certificate_arn"].startswith(f"{arn}/certificate/")
    finally:
        assert service.stop() == 0


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PRIVYSEAL_PROT": "8700"}, "PRIVYSEAL_PROT"),
        ({"PRIVYSEAL_WORKERS": "many"}, "workers"),
        ({"PRIVYSEAL_WORKERS": "0"}, "workers"),
        ({"PRIVYSEAL_REGION": "US East"}, "region"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_an_error(stopped: Service, variables: dict[str, str], named: str) -> None:
    """Its name is in the message; nothing is started."""
    command = (*COMMAND, "up", "--data-dir", stopped.data_dir, "--port", "0")
    assert named in fails(*command, env=clean_environment(**variables))


@pytest.mark.parametrize("line", ["prot = 8700", "[devices]\nissuers = 'pca'", "port = ", "port = 'x'"])
def test_a_wrong_file_of_settings_is_an_error(stopped: Service, tmp_path: Path, line: str) -> None:
    """Unknown names, broken TOML and wrong types."""
    (tmp_path / "settings.toml").write_text(line)
    said = fails(*COMMAND, "up", "--data-dir", stopped.data_dir, "--config", tmp_path / "settings.toml")
    assert said.startswith("error: ")


def test_settings_are_taken_from_the_command_before_variables_before_the_file(tmp_path: Path) -> None:
    """Region is in the file, in a variable and on the command line; account only in the file."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "privyseal.toml").write_text('region = "eu-west-1"\naccount = "111111111111"\n')
    variables = clean_environment(PRIVYSEAL_REGION="eu-west-2")
    run(*COMMAND, "init", "--data-dir", directory, "--region", "eu-west-3", env=variables)
    written = json.loads((directory / "environment.json").read_text())
    assert (written["region"], written["account"]) == ("eu-west-3", "111111111111")


def test_serve_does_not_make_an_installation(tmp_path: Path) -> None:
    """It says what does, and leaves nothing behind."""
    said = fails(*COMMAND, "serve", "--data-dir", tmp_path / "data", "--port", "0")
    assert "privyseal init" in said
    assert not (tmp_path / "data").exists()


def test_an_operator_begins_with_init_and_serve(tmp_path: Path) -> None:
    """A key and no authority; the operator then makes the authorities."""
    directory = tmp_path / "data"
    run(*COMMAND, "init", "--data-dir", directory)
    with serving("serve", "--data-dir", directory, "--port", "0"):
        privyseal = PrivySeal(Service(directory), tmp_path)
        assert privyseal.json("ca", "list") == {"authorities": []}
        assert "--ca ARN" in privyseal.fails("issue", "--cn", "app")
        root = privyseal.json("ca", "create", "--name", "Operator's Root")
        issued = privyseal.json("issue", "--cn", "app", "--ca", root["arn"])
        assert issued["certificate_chain"].strip() == root["certificate"].strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_ends_within_ten_seconds_with_a_client_connected(stopped: Service, number: signal.Signals) -> None:
    """Status 0, the port free again, and no worker left."""
    with serving("up", "--data-dir", stopped.data_dir, "--port", "0", "--workers", "2") as process:
        port = int(stopped.url.rpartition(":")[2])
        workers = [pid for pid in _children(process.pid) if _is_worker(pid)]
        assert len(workers) == 2
        with socket.create_connection(("127.0.0.1", port)) as idle:
            idle.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            process.send_signal(number)
            assert process.wait(patience(STOP_SECONDS)) == 0
    assert not [pid for pid in workers if _is_running(pid)]
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_killed_supervisor_takes_its_workers_along(stopped: Service) -> None:
    """And the directory can be used again."""
    with serving("up", "--data-dir", stopped.data_dir, "--port", "0") as process:
        workers = _children(process.pid)
        process.kill()
        process.wait()
    _wait_until(lambda: not any(map(_is_running, workers)))
    assert stopped.start().stop() == 0


def test_a_worker_that_dies_is_replaced(stopped: Service) -> None:
    """The service answers on, from another process."""
    with serving("up", "--data-dir", stopped.data_dir, "--port", "0") as process:
        (worker,) = [pid for pid in _children(process.pid) if _is_worker(pid)]
        os.kill(worker, signal.SIGKILL)
        _wait_until(lambda: worker not in _children(process.pid))
        _wait_until(lambda: _answers(stopped))
        assert PrivySeal(stopped, stopped.data_dir.parent).json("ca", "list")["authorities"]


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + patience(STOP_SECONDS)
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def _answers(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))).close()
    except OSError:
        return False
    return True


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_worker(pid: int) -> bool:
    """Not the process that multiprocessing keeps beside its children."""
    return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def _is_running(pid: int) -> bool:
    """A zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_restart_leaves_deleted_authorities_alone(tmp_path: Path) -> None:
    """Neither a scratch authority that was deleted nor a deleted root keeps the service from starting."""
    service = Service(tmp_path / "data").start()
    try:
        root = service.environment.root_ca_arn
        api = service.environment.client()
        subject = {"CommonName": "Scratch"}
        config = {
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": subject,
        }
        wanted = {"CertificateAuthorityType": "ROOT", "CertificateAuthorityConfiguration": config}
        scratch = api.call("CreateCertificateAuthority", wanted)["CertificateAuthorityArn"]
        api.call("DeleteCertificateAuthority", {"CertificateAuthorityArn": scratch})
        api.call("UpdateCertificateAuthority", {"CertificateAuthorityArn": root, "Status": "DISABLED"})
        api.call("DeleteCertificateAuthority", {"CertificateAuthorityArn": root})
        assert service.stop() == 0
        api = service.start().environment.client()
        assert service.environment.root_ca_arn == root
        assert service.data_dir.joinpath("ca-bundle.pem").read_text().startswith("-----BEGIN CERTIFICATE")
        api.call("RestoreCertificateAuthority", {"CertificateAuthorityArn": root})
        listed = api.call("ListCertificateAuthorities", {})["CertificateAuthorities"]
        assert sorted(each["Status"] for each in listed) == ["ACTIVE", "DELETED", "DISABLED"]
    finally:
        service.kill()


def test_a_certificate_that_was_brought_is_looked_at_before_anything_is_made(tmp_path: Path) -> None:
    """A missing file, or a key of another certificate: one line, and no data directory."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", tmp_path / "a.key", "-out", tmp_path / "a.pem", "-subj", "/CN=a")  # fmt: skip
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-out", tmp_path / "b.key")  # fmt: skip
    directory = tmp_path / "data"
    for certificate, key in (("none.pem", "none.key"), ("a.pem", "b.key")):
        files = ("--tls-certificate", tmp_path / certificate, "--tls-key", tmp_path / key)
        said = fails(*COMMAND, "up", "--data-dir", directory, "--port", "0", *files)
        assert said.startswith("error: ")
        assert certificate in said
        assert "Traceback" not in said
    assert not directory.exists()


IOT = '[registrars.iot]\ntype = "aws-iot"\nregions = ["us-east-1"]\n'
AUTHORITY = f"arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/{UUID(int=7)}"
PCA = f'[issuers.pca]\ntype = "aws-pca"\nauthority = "{AUTHORITY}"\n'


@pytest.mark.parametrize(
    ("devices", "sections", "told"),
    [
        ('registrars = ["iot"]', f'{IOT}profile = "nobodys"', "nobodys"),
        ('registrars = ["iot"]', f'{IOT}endpoint-url = "nowhere"', "nowhere"),
        ('registrars = ["broker"]', '[registrars.broker]\ntype = "mosquitto"\nfolder = "/tmp/b"', "pid-file"),
        ('issuer = "core"', '[issuers.core]\ntype = "aws-iot"\nregion = "us-east-1"', "needs a registrar"),
        ("", '[registrars.spare]\ntype = "mosquitto"\nfolder = "/tmp/b"', "[registrars.spare]: A registrar"),
        ("", f'{IOT}profile = "nobodys"', "[registrars.iot]: "),
        (
            'registrars = ["broker"]',
            '[registrars.broker]\ntype = "mosquitto"\nfolder = "/dev/null/b"\nreload = ["true"]',
            "[registrars.broker]: The broker's files in /dev/null/b cannot be written",
        ),
        ('issuer = "pca"', f'{PCA}profile = "nobodys"', "nobodys"),
        ('source = "list"', '[sources.list]\ntype = "dynamodb"\ntable = "t"\nprofile = "nobodys"', "nobodys"),
    ],
    ids=[
        "profile",
        "address",
        "broker",
        "registrar",
        "unused broker",
        "unused iot",
        "folder",
        "issuer",
        "source",
    ],
)
def test_a_section_about_devices_that_cannot_be_used_ends_the_start_in_one_line(
    tmp_path: Path, devices: str, sections: str, told: str
) -> None:
    """Not a worker, with a trace of its calls."""
    config = tmp_path / "privyseal.toml"
    config.write_text(f"[devices]\n{devices}\n{sections}\n")
    said = fails(*COMMAND, "up", "--data-dir", tmp_path / "data", "--port", "0", "--config", config)
    assert said.startswith("error: ")
    assert told in said
    assert "Traceback" not in said
    assert "worker" not in said
