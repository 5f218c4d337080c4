"""The folder of a device: its key, what it has asked for, its certificate. For its owner alone.

- `key.pem`: the private key, made here; it never leaves.
- `request.pem`: a CSR that has no answer yet. It is kept, because only the same one again is a retry.
- `certificate.pem`: the certificate, and after it the authorities below the root: what TLS presents.
- `root.pem`: the root that the certificate leads to.
- `endpoint`: where the service says that it connects, where it says so.
"""

import stat
from functools import cached_property
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from privyseal.client.csr import csr_for, key_pem
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import PrivateKey, generate_key


class DeviceFolder:
    def __init__(self, path: Path, device_id: str, key_algorithm: str = "EC_prime256v1") -> None:
        self.path = path
        self.device_id = device_id
        self.key = path / "key.pem"
        self.request = path / "request.pem"
        self.certificate = path / "certificate.pem"
        self.root = path / "root.pem"
        self.endpoint = path / "endpoint"
        self._algorithm = key_algorithm

    @cached_property
    def private_key(self) -> PrivateKey:
        """The device's key, made at the first look."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.key.exists():
            key = generate_key(self._algorithm)
            write_file(self.key, [key_pem(key)], over=False)
            return key
        _refuse_shared(self.key)
        found = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        return cast("PrivateKey", found)  # what was written above

    @property
    def public_key_pem(self) -> str:
        encoding = serialization.Encoding.PEM
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private_key.public_key().public_bytes(encoding, kind).decode()

    @property
    def has_certificate(self) -> bool:
        return self.certificate.exists()

    @property
    def serial(self) -> int:
        """Of the certificate that is there."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).serial_number

    def pending_request(self) -> str:
        """The CSR to send: the one without an answer, or a new one."""
        key = self.private_key
        if not self.request.exists():
            write_file(self.request, [csr_for(key, self.device_id).encode()], over=False)
        return self.request.read_text(encoding="ascii")

    def keep(self, certificate: str, chain: str, endpoint: str = "") -> None:
        """The certificate and, if the answer has them, the authorities above and the endpoint. The request
        is answered.
        """
        leaf, *above = x509.load_pem_x509_certificates(f"{certificate}\n{chain}".encode())
        if leaf.public_key() != self.private_key.public_key():
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "The certificate is for another key than ours.")
        if above and above[-1].issuer == above[-1].subject:
            write_file(self.root, [_pem(above.pop())])
        write_file(self.certificate, map(_pem, (leaf, *above)))
        if endpoint:
            write_file(self.endpoint, [endpoint.encode()])
        self.request.unlink(missing_ok=True)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _refuse_shared(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"{path} can be read by others: the key is no secret. Use chmod 600."
        )
