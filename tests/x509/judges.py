"""Other software's opinion of what we sign: openssl, pkilint, and a second ML-DSA."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65, ML_DSA_87
from pkilint import loader
from pkilint.pkix import certificate, create_attribute_decoder, create_extension_decoder, crl, extension, name

from privyseal.x509 import pem
from privyseal.x509.keys import key_bits

DER = serialization.Encoding.DER
ML_DSA: dict[str, Any] = {"ML_DSA_44": ML_DSA_44, "ML_DSA_65": ML_DSA_65, "ML_DSA_87": ML_DSA_87}


def openssl_verifies(folder: Path, leaf: bytes, *above: bytes, purpose: str | None = None) -> None:
    """`openssl verify -x509_strict`: `above` are the issuers, the root last."""
    names = [folder / f"{n}.pem" for n in range(3)]
    for path, ders in zip(names, ((leaf,), above[:-1], above[-1:] or (leaf,)), strict=True):
        path.write_text("\n".join(map(pem.to_pem, ders)) + "\n")
    middle = ["-untrusted", str(names[1])] if above[:-1] else []
    wanted = ["-purpose", purpose] if purpose else []
    command = ["openssl", "verify", "-x509_strict", *wanted, "-CAfile", str(names[2]), *middle, str(names[0])]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def openssl_text(der: bytes) -> str:
    command = ["openssl", "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8"]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()


def second_ml_dsa_verifies(algorithm: str, issuer_spki: bytes, der: bytes) -> bool:
    """By a pure Python implementation of FIPS 204: openssl 3.0 has none."""
    parsed = x509.load_der_x509_certificate(der)
    judge: Any = ML_DSA[algorithm]
    return bool(judge.verify(key_bits(issuer_spki), parsed.tbs_certificate_bytes, parsed.signature))


@cache
def _linter() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def pkilint_findings(der: bytes) -> set[tuple[str, str]]:
    """(severity, code) of everything above INFO."""
    document = loader.load_pem_certificate(pem.to_pem(der), "certificate")
    return {
        (finding.finding.severity.name, finding.finding.code)
        for result in _linter().validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity.name not in {"INFO", "DEBUG"}
    }


@cache
def _crl_linter() -> Any:
    """The PKIX profile of pkilint's command `lint_crl`."""
    return crl.create_pkix_crl_validator_container(
        [
            create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


def pkilint_crl_findings(der: bytes) -> set[tuple[str, str]]:
    """(severity, code) of everything above INFO in a CRL."""
    document = loader.RFC5280CertificateListDocumentLoader().load_der_document(der, "crl")
    return {
        (finding.finding.severity.name, finding.finding.code)
        for result in _crl_linter().validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity.name not in {"INFO", "DEBUG"}
    }


def spki(der: bytes) -> bytes:
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
