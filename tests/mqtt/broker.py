"""A real Mosquitto on a free loopback port, with a folder of files that a registrar keeps."""

import socket
import ssl
import subprocess
import time
from pathlib import Path

from tests.programs import program
from tests.service import patience

READY_SECONDS = 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Broker:
    """`files` are kept by the registrar; certificate and key are the broker's own."""

    def __init__(self, folder: Path, files: Path, certificate: bytes, key: bytes) -> None:
        self.folder = folder
        self.port = free_port()
        self.pid_file = folder / "mosquitto.pid"
        self.log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "mosquitto.conf"
        (folder / "broker.pem").write_bytes(certificate)
        (folder / "broker.key").write_bytes(key)
        self._config.write_text(
            f"""
listener {self.port} 127.0.0.1
cafile {files}/ca.pem
crlfile {files}/crl.pem
acl_file {files}/acl
certfile {folder}/broker.pem
keyfile {folder}/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
pid_file {self.pid_file}
user root
log_type all
"""
        )

    def start(self) -> "Broker":
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [program("mosquitto"), "-c", str(self._config)], stdout=log, stderr=log
            )
        until = time.monotonic() + patience(READY_SECONDS)
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise AssertionError(f"mosquitto did not start:\n{self.log.read_text()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(patience(READY_SECONDS))

    def reloads(self) -> int:
        """How often it has read its files again."""
        return self.log.read_text().count("Reloading config.")

    def wait_for_reload(self, more_than: int) -> None:
        until = time.monotonic() + patience(READY_SECONDS)
        while self.reloads() <= more_than:
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.01)

    def answers(self, certificate: Path, key: Path, root: Path, name: str = "127.0.0.1") -> bool:
        """Whether TLS and CONNECT succeed, by Python's ssl and the bytes of MQTT 3.1.1 alone."""
        context = ssl.create_default_context(cafile=root)
        context.load_cert_chain(certificate, key)
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=patience(5)) as plain,
                context.wrap_socket(plain, server_hostname=name) as secured,
            ):
                secured.sendall(bytes.fromhex("100c00044d5154540402003c0000"))
                return secured.recv(4) == bytes.fromhex("20020000")
        except ssl.SSLCertVerificationError:
            raise  # it is the broker that is not trusted: a mistake of the test
        except (ssl.SSLError, ConnectionError):
            return False

    def _listens(self) -> bool:
        """And says that it runs, which is after it has installed its handlers."""
        if " running" not in self.log.read_text():
            return False
        with socket.socket() as probe:
            return self.pid_file.exists() and probe.connect_ex(("127.0.0.1", self.port)) == 0
