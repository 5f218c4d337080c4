"""A running service whose issuing authority has OCSP enabled, and the programs that ask it."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509 import ocsp

from privyseal.client.csr import generate_csr, key_pem
from tests.e2e import boto
from tests.ocsp import wire
from tests.programs import program
from tests.service import Service, patience

OCSP_ON = {"OcspConfiguration": {"Enabled": True}}
READY_SECONDS = 10


@dataclass
class Leaf:
    """An issued certificate, its key and what it is known as."""

    arn: str
    pem: Path
    key: Path
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        return self.arn.rpartition("/")[2]


class Deployment:
    """`folder` holds `root.pem`, `issuing.pem` and `chain.pem` (both) beside the leaves."""

    def __init__(self, service: Service, pca: Any, folder: Path) -> None:
        """`folder` is filled, where it is not from before a restart."""
        self.service = service
        self.pca = pca
        self.folder = folder
        self.root = service.environment.root_ca_arn or ""
        self.issuing = service.environment.issuing_ca_arn or ""
        facts = json.loads((service.data_dir / "environment.json").read_text())
        self.base = str(facts["revocation_url"])
        self.url = f"{self.base}/ocsp"
        for name, arn in (("root", self.root), ("issuing", self.issuing)):
            if not (folder / f"{name}.pem").exists():
                found = pca.get_certificate_authority_certificate(CertificateAuthorityArn=arn)
                (folder / f"{name}.pem").write_text(found["Certificate"])
        both = [(folder / f"{name}.pem").read_text() for name in ("issuing", "root")]
        (folder / "chain.pem").write_text("\n".join(both))
        self.issuer = x509.load_pem_x509_certificate((folder / "issuing.pem").read_bytes())

    def configure(self, arn: str, **changes: Any) -> None:
        self.pca.update_certificate_authority(CertificateAuthorityArn=arn, **changes)

    def enable(self) -> None:
        """OCSP for the issuing authority; returns when its responder is there."""
        self.configure(self.issuing, RevocationConfiguration=OCSP_ON)
        self.await_responder()

    def await_responder(self) -> None:
        request = wire.request_for(1, self.issuer)
        until = time.monotonic() + patience(READY_SECONDS)
        while self.ask(request).response_status is ocsp.OCSPResponseStatus.TRY_LATER:
            assert time.monotonic() < until
            time.sleep(0.05)

    def leaf(self, name: str) -> Leaf:
        csr, key = generate_csr(name, [name])
        arn = boto.issue(self.pca, self.issuing, csr.encode(), "EndEntityServerAuthCertificate")
        where = {"CertificateAuthorityArn": self.issuing, "CertificateArn": arn}
        self.pca.get_waiter("certificate_issued").wait(**where)
        text = self.pca.get_certificate(**where)["Certificate"]
        pem, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        pem.write_text(text)
        key_file.write_bytes(key_pem(key))
        return Leaf(arn, pem, key_file, x509.load_pem_x509_certificate(text.encode()))

    def revoke(self, leaf: Leaf, reason: str = "KEY_COMPROMISE") -> None:
        self.pca.revoke_certificate(
            CertificateAuthorityArn=self.issuing, CertificateSerial=leaf.serial, RevocationReason=reason
        )

    def ask(self, request: bytes) -> ocsp.OCSPResponse:
        return ocsp.load_der_ocsp_response(wire.post(self.url, request))

    def status_of(self, leaf: Leaf, **more: Any) -> ocsp.OCSPCertStatus:
        return self.ask(wire.request(leaf.certificate, self.issuer, **more)).certificate_status

    def openssl(self, leaf: Leaf, *options: str, url: bool = True) -> str:
        """`openssl ocsp`, which verifies the responder up to the root; everything it says. Without `url`
        it asks nobody.
        """
        command = [program("openssl"), "ocsp", "-issuer", str(self.folder / "issuing.pem")]
        command += ["-CAfile", str(self.folder / "chain.pem")]
        command += ["-url", self.url] if url else []
        command += [*options, "-cert", str(leaf.pem)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
