"""The first run: a private CA, a device that gets its certificate from it, and two commands to go on with.

Started by `make run`. Everything stays in `data/first-run` (or where PRIVYSEAL_DATA_DIR says); run it
again and it goes on where it was. Python, openssl and the command `privyseal`: nothing else is needed.
"""

import csv
import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_DIR = Path(os.environ.get("PRIVYSEAL_DATA_DIR") or REPOSITORY / "data" / "first-run")
SAMPLE = DATA_DIR / "sample"
DEVICE_ID = "sensor-0001"
READY_LINE = "Ctrl-C ends it"  # the last line that `privyseal up` prints


def main() -> int:
    privyseal = shown(Path(sys.executable).parent / "privyseal")
    data_dir = ("--data-dir", shown(DATA_DIR))
    service = start(privyseal, "up", *data_dir)
    try:
        if not came_up(service):
            return service.wait()
        environment = json.loads(run(privyseal, "env", *data_dir, "--output", "json"))["export"]
        headline("A device makes its key and a certificate signing request")
        public_key, request = device_files()
        headline("Its maker registers the public key")
        devices = list_of_devices(public_key)
        say(run(privyseal, "device", "import", *data_dir, shown(devices)))
        headline("The device asks for its certificate; possession of the key is its credential")
        certificate, chain = provision(environment, request)
        headline("Anybody who trusts the root can verify it")
        bundle = shown(Path(environment["PRIVYSEAL_CA_BUNDLE"]))
        say(run("openssl", "verify", "-CAfile", bundle, "-untrusted", shown(chain), shown(certificate)))
        say(run(privyseal, "inspect", shown(certificate)))
        headline("Now you, in another shell")
        say(next_steps(privyseal, data_dir))
        follow(service)
    except BaseException:
        service.terminate()
        service.wait()
        raise
    return service.wait()


def start(*command: str) -> subprocess.Popen[str]:
    """The service as a child that ends when this process is told to end."""
    echo(command)
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.terminate())
    return service


def came_up(service: subprocess.Popen[str]) -> bool:
    """Pass on what it says until it serves. When it cannot, it has said why."""
    assert service.stdout
    for line in service.stdout:
        say(line.rstrip("\n"))
        if READY_LINE in line:
            return True
    return False


def follow(service: subprocess.Popen[str]) -> None:
    assert service.stdout
    for line in service.stdout:
        say(line.rstrip("\n"))


def device_files() -> tuple[str, Path]:
    """The device's public key in PEM, and the file with its CSR. The key is made once."""
    SAMPLE.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, request = SAMPLE / "device.key.pem", SAMPLE / "device.csr.pem"
    if not key.exists():
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", shown(key))
    run("openssl", "req", "-new", "-key", shown(key), "-subj", f"/CN={DEVICE_ID}", "-out", shown(request))
    return run("openssl", "pkey", "-in", shown(key), "-pubout"), request


def list_of_devices(public_key: str) -> Path:
    """The file that a factory would deliver: one line here, a million there."""
    devices = SAMPLE / "devices.csv"
    with devices.open("w", newline="") as file:
        csv.writer(file).writerows([("device_id", "public_key"), (DEVICE_ID, public_key)])
    return devices


def provision(environment: Mapping[str, str], request: Path) -> tuple[Path, Path]:
    """POST /provision, as a device does it: no access key. The files with certificate and chain."""
    url = f"{environment['PRIVYSEAL_URL']}/provision"
    say(f'$ POST {url}  {{"device_id": "{DEVICE_ID}", "csr": "-----BEGIN CERTIFICATE REQUEST-----…"}}')
    body = json.dumps({"device_id": DEVICE_ID, "csr": request.read_text()}).encode()
    trust = ssl.create_default_context(cafile=environment["PRIVYSEAL_CA_BUNDLE"])
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=30, context=trust) as reply:
            answer: Mapping[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {error.read().decode()}")
    except OSError as error:
        sys.exit(f"{url}: {error}")
    say(f"200  {answer['certificate_arn']}")
    certificate, chain = SAMPLE / "device.cert.pem", SAMPLE / "device.chain.pem"
    certificate.write_text(f"{answer['certificate']}\n")
    chain.write_text(f"{answer['certificate_chain']}\n")
    return certificate, chain


def next_steps(privyseal: str, data_dir: tuple[str, ...]) -> str:
    """The environment, then two commands to copy: each is one line, and they work in this order."""
    site = shown(SAMPLE / "localhost")
    pem = {kind: shlex.quote(f"{site}.{kind}.pem") for kind in ("cert", "chain", "key")}
    issue = [privyseal, "issue", "--cn", "localhost", "--dns", "localhost", "--out", site, "--force"]
    serve = (
        f"openssl s_server -accept 8443 -www -cert {pem['cert']} -cert_chain {pem['chain']} -key {pem['key']}"
    )
    fetch = 'curl --silent --show-error --retry 5 --retry-connrefused --cacert "$PRIVYSEAL_CA_BUNDLE"'
    return (
        f'  eval "$({shlex.join([privyseal, "env", *data_dir])})"\n\n'
        f"A certificate for a server:\n  {shlex.join(issue)}\n\n"
        "Serve it, and trust it:\n"
        f"  {serve} >/dev/null & {fetch} https://localhost:8443/; kill $!"
    )


def run(*command: str) -> str:
    """Its output. It is shown as one could have typed it; where it fails, this run ends."""
    echo(command)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        say(done.stdout)
        sys.exit(f"{command[0]} failed with status {done.returncode}")
    return done.stdout.rstrip("\n")


def shown(path: Path) -> str:
    """As one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def headline(text: str) -> None:
    say(f"\n— {text}")


def echo(command: tuple[str, ...]) -> None:
    say(f"$ {shlex.join(command)}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
