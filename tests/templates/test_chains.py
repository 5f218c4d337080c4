"""Chains of one family of algorithms from the root to the leaf, each link verified by other software."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.client.csr import generate_csr
from tests.templates.conftest import Scene
from tests.x509 import judges


@dataclass(frozen=True)
class Level:
    """An authority: its key and the algorithm that it signs with."""

    key: str
    signing: str


# (root, middle, issuing, key of the leaf)
CHAINS: list[tuple[Level, Level, Level, str]] = [
    (
        Level("RSA_2048", "SHA512WITHRSA_PSS"),
        Level("RSA_2048", "SHA384WITHRSA_PSS"),
        Level("RSA_2048", "SHA256WITHRSA_PSS"),
        "RSA_2048",
    ),
    (
        Level("ML_DSA_87", "ML_DSA_87"),
        Level("ML_DSA_65", "ML_DSA_65"),
        Level("ML_DSA_44", "ML_DSA_44"),
        "ML_DSA_44",
    ),
    (
        Level("ML_DSA_65", "ML_DSA_65"),
        Level("EC_secp384r1", "SHA384WITHECDSA"),
        Level("RSA_2048", "SHA256WITHRSA_PSS"),
        "EC_prime256v1",
    ),
]


def create(pca: Any, level: Level, kind: str, name: str) -> str:
    configuration = {
        "KeyAlgorithm": level.key,
        "SigningAlgorithm": level.signing,
        "Subject": {"CommonName": f"{name} {level.key}"},
        # for the blank template, which has no key usage of its own
        "CsrExtensions": {"KeyUsage": {"KeyCertSign": True, "CRLSign": True}},
    }
    made = pca.create_certificate_authority(
        CertificateAuthorityConfiguration=configuration, CertificateAuthorityType=kind
    )
    return str(made["CertificateAuthorityArn"])


def issue(scene: Scene, arn: str, level: Level, csr: bytes, template: str, days: int) -> tuple[bytes, bytes]:
    """(certificate, chain), PEM."""
    made = scene.pca.issue_certificate(
        CertificateAuthorityArn=arn,
        Csr=csr,
        SigningAlgorithm=level.signing,
        TemplateArn=f"arn:aws:acm-pca:::template/{template}/V1",
        Validity={"Type": "DAYS", "Value": days},
    )
    found = scene.pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=made["CertificateArn"])
    return found["Certificate"].encode(), found.get("CertificateChain", "").encode()


def install(scene: Scene, arn: str, certificate: bytes, chain: bytes) -> None:
    more = {"CertificateChain": chain} if chain else {}
    scene.pca.import_certificate_authority_certificate(
        CertificateAuthorityArn=arn, Certificate=certificate, **more
    )


def path_of(leaf: bytes, chain: bytes) -> list[bytes]:
    """DER, the leaf first and the root last."""
    return [each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(leaf + b"\n" + chain)]


def check(folder: Path, path: list[bytes], signers: tuple[Level, ...]) -> None:
    """Each link; and where openssl knows all algorithms, the whole chain by it."""
    for (issued, issuer), level in zip(pairwise(path), signers, strict=True):
        parsed = x509.load_der_x509_certificate(issued)
        parsed.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
        if level.signing.startswith("ML_DSA"):
            assert judges.second_ml_dsa_verifies(level.signing, judges.spki(issuer), issued)
    if not any(level.key.startswith("ML_DSA") for level in signers):
        judges.openssl_verifies(folder, *path, purpose="sslserver")


@pytest.mark.parametrize(("root", "middle", "issuing", "leaf_key"), CHAINS)
def test_a_chain_of_three_authorities_verifies_from_leaf_to_root(
    scene: Scene, root: Level, middle: Level, issuing: Level, leaf_key: str, tmp_path: Path
) -> None:
    top = create(scene.pca, root, "ROOT", "Chain Root")
    own, _ = issue(scene, top, root, scene.csr_of(top), "RootCACertificate", 1000)
    install(scene, top, own, b"")
    lower = create(scene.pca, middle, "SUBORDINATE", "Chain Middle")
    template = "SubordinateCACertificate_PathLen1"
    install(scene, lower, *issue(scene, top, root, scene.csr_of(lower), template, 900))
    lowest = create(scene.pca, issuing, "SUBORDINATE", "Chain Issuing")
    template = "BlankSubordinateCACertificate_PathLen0_CSRPassthrough"
    install(scene, lowest, *issue(scene, lower, middle, scene.csr_of(lowest), template, 800))
    csr = generate_csr("leaf.internal", ["leaf.internal"], leaf_key)[0].encode()
    leaf, chain = issue(scene, lowest, issuing, csr, "EndEntityCertificate", 30)
    check(tmp_path, path_of(leaf, chain), (issuing, middle, root))


def test_an_algorithm_of_another_family_is_refused(scene: Scene) -> None:
    """An ML-DSA authority signs with its own parameter set and no other; an RSA one not with ECDSA."""
    for key, signing, wrong in (
        ("ML_DSA_65", "ML_DSA_65", ("ML_DSA_44", "SHA256WITHECDSA")),
        ("RSA_2048", "SHA256WITHRSA", ("SHA256WITHECDSA", "ML_DSA_44")),
    ):
        arn = create(scene.pca, Level(key, signing), "ROOT", "Strict Root")
        for algorithm in wrong:
            with pytest.raises(scene.pca.exceptions.InvalidArgsException, match="does not fit"):
                issue(scene, arn, Level(key, algorithm), scene.csr_of(arn), "RootCACertificate", 10)
