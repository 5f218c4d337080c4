"""Certificates of every algorithm and template, issued by the running service and judged by others.

The verdicts and what pkilint may find are those of tests/x509, where the same is done without a
service in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.x509.algorithms import KEY_ALGORITHMS, SIGNING_ALGORITHMS
from privyseal.x509.pem import single_block, to_pem
from tests.e2e.boto import EC_CONFIGURATION, activate, client, issue
from tests.service import Service
from tests.x509 import judges
from tests.x509.test_templates_by_others import ALLOWED, leaf_csr

# One of each shape; the passthrough variants, with the same algorithms below them, are in tests/templates.
TEMPLATES = (
    "RootCACertificate",
    *(f"SubordinateCACertificate_PathLen{n}" for n in range(4)),
    "EndEntityCertificate",
    "EndEntityClientAuthCertificate",
    "EndEntityServerAuthCertificate",
)
# Every signing algorithm with every key that can make it.
PAIRS = [
    (signing, key)
    for key, row in KEY_ALGORITHMS.items()
    for signing, made in SIGNING_ALGORITHMS.items()
    if made.family == row.family and made.key_algorithm in {None, key}
]


@dataclass
class Authorities:
    """A root for each key algorithm, made when it is first needed: RSA keys take their time."""

    pca: Any
    arns: dict[str, str] = field(default_factory=dict)
    pending: str = ""

    def create(self, key_algorithm: str, kind: str = "ROOT") -> str:
        configuration = EC_CONFIGURATION | {
            "KeyAlgorithm": key_algorithm,
            "SigningAlgorithm": KEY_ALGORITHMS[key_algorithm].default_signing,
            "Subject": {"Organization": "Example", "CommonName": f"{kind} {key_algorithm}"},
        }
        made = self.pca.create_certificate_authority(
            CertificateAuthorityConfiguration=configuration, CertificateAuthorityType=kind
        )
        return str(made["CertificateAuthorityArn"])

    def root(self, key_algorithm: str) -> str:
        if key_algorithm not in self.arns:
            arn = self.create(key_algorithm)
            activate(self.pca, arn, signing=KEY_ALGORITHMS[key_algorithm].default_signing)
            self.arns[key_algorithm] = arn
        return self.arns[key_algorithm]

    def csr(self, template: str, root: str) -> bytes:
        """What the template is for: the root's own request, a subordinate's, a server's."""
        if template.startswith("EndEntity"):
            return to_pem(leaf_csr(), "CERTIFICATE REQUEST").encode()
        if template != "RootCACertificate":
            self.pending = root = self.pending or self.create("EC_prime256v1", "SUBORDINATE")
        answer = self.pca.get_certificate_authority_csr(CertificateAuthorityArn=root)
        return str(answer["Csr"]).encode()

    def issued(self, root: str, arn: str) -> tuple[bytes, tuple[bytes, ...]]:
        """(certificate, what is above it)."""
        found = self.pca.get_certificate(CertificateAuthorityArn=root, CertificateArn=arn)
        above = found.get("CertificateChain")
        leaf = single_block(found["Certificate"].encode(), "CERTIFICATE")
        return leaf, tuple(_ders(above)) if above else ()


def _ders(chain: str) -> Iterator[bytes]:
    for certificate in x509.load_pem_x509_certificates(chain.encode()):
        yield certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def authorities(service: Service) -> Iterator[Authorities]:
    with client(service) as pca:
        yield Authorities(pca)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("signing", "key_algorithm"), PAIRS)
def test_the_service_issues_what_others_verify(
    authorities: Authorities, signing: str, key_algorithm: str, template: str, tmp_path: Path
) -> None:
    """By openssl, or for ML-DSA by a second implementation; pkilint finds what it may and no more."""
    root = authorities.root(key_algorithm)
    csr = authorities.csr(template, root)
    arn = issue(authorities.pca, root, csr, template, SigningAlgorithm=signing)
    der, above = authorities.issued(root, arn)
    issuer = above[0] if above else der
    if signing.startswith("ML_DSA"):
        assert judges.second_ml_dsa_verifies(signing, judges.spki(issuer), der)
    else:
        judges.openssl_verifies(tmp_path, der, *above)
    allowed = {code for row, code, algorithm in ALLOWED if row == template and algorithm in {signing, "any"}}
    assert {code for _, code in judges.pkilint_findings(der)} == allowed


def test_families_can_be_mixed_along_a_chain(authorities: Authorities, tmp_path: Path) -> None:
    """An EC root over an RSA authority over a leaf with an EC key: every link is signed by its issuer."""
    pca, root = authorities.pca, authorities.root("EC_secp384r1")
    middle = authorities.create("RSA_3072", "SUBORDINATE")
    activate(pca, middle, parent=root, signing="SHA512WITHECDSA")
    request = authorities.csr("EndEntityCertificate", root)
    arn = issue(pca, middle, request, SigningAlgorithm="SHA384WITHRSA_PSS")
    der, above = authorities.issued(middle, arn)
    assert len(above) == 2
    judges.openssl_verifies(tmp_path, der, *above, purpose="sslserver")
