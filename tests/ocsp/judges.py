"""Other software's opinion of OCSP answers: pkilint's linter and `cryptography`."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pkilint import loader, pkix
from pkilint.pkix import extension, name
from pkilint.pkix import ocsp as ocsp_rules

from tests.programs import program


@cache
def _linter() -> Any:
    """What pkilint's command `lint_ocsp_response` runs."""
    return ocsp_rules.create_pkix_ocsp_response_validator_container(
        [
            ocsp_rules.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


def findings(response: bytes) -> set[tuple[str, str]]:
    """(severity, code) of everything above INFO."""
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(response, "response")
    return {
        (finding.finding.severity.name, finding.finding.code)
        for result in _linter().validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity.name not in {"INFO", "DEBUG"}
    }


def judged(response: bytes, issuer: x509.Certificate) -> ocsp.OCSPResponse:
    """A successful response without findings, signed by a responder whom `issuer` has made one."""
    assert not findings(response)
    found = ocsp.load_der_ocsp_response(response)
    assert found.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    (responder,) = found.certificates
    responder.verify_directly_issued_by(issuer)
    extensions = responder.extensions
    assert ExtendedKeyUsageOID.OCSP_SIGNING in [
        *extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    ]
    assert extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert (
        found.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(responder.public_key()).digest
    )
    verify(found, responder.public_key())
    return found


def verify(found: ocsp.OCSPResponse, key: Any) -> None:
    """The signature, whatever the algorithm but PSS, whose parameters `cryptography` does not read here."""
    digest = found.signature_hash_algorithm
    if isinstance(key, ec.EllipticCurvePublicKey):
        assert digest
        key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        assert digest
        key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), digest)
    else:
        key.verify(found.signature, found.tbs_response_bytes)


def openssl_verifies(folder: Path, response: bytes, responder: x509.Certificate) -> None:
    """`openssl ocsp` on a response and its signer, without a chain."""
    (folder / "response.der").write_bytes(response)
    (folder / "responder.pem").write_bytes(responder.public_bytes(Encoding.PEM))
    command = [program("openssl"), "ocsp", "-respin", str(folder / "response.der")]
    command += ["-verify_other", str(folder / "responder.pem"), "-trust_other"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Response verify OK" in done.stdout + done.stderr
