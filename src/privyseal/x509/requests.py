"""Certificate signing requests of our own authorities (PKCS #10, RFC 2986)."""

from collections.abc import Mapping
from typing import Any

from privyseal.errors import ErrorCode
from privyseal.x509 import der, model_extensions, oids, pem
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm
from privyseal.x509.csr import LABEL
from privyseal.x509.extensions import Extension
from privyseal.x509.keys import public_key_der
from privyseal.x509.refusal import reported
from privyseal.x509.subject import Name


def build_csr(
    subject: Name, key: PrivateKey, algorithm: SigningAlgorithm, extensions_asked: tuple[Extension, ...] = ()
) -> str:
    """The PEM of a CSR, without a final newline."""
    request = der.sequence(*(extension.encode() for extension in extensions_asked))
    attribute = der.sequence(der.oid(oids.EXTENSION_REQUEST), der.tlv(der.SET, request))
    info = der.sequence(
        der.integer(0),
        subject.raw,
        public_key_der(key.public_key()),
        der.tlv(0xA0, attribute if extensions_asked else b""),
    )
    signature = der.bit_string(algorithm.sign(key, info))
    return pem.to_pem(der.sequence(info, algorithm.identifier, signature), LABEL)


def extensions_from_model(asked: Mapping[str, Any] | None) -> tuple[Extension, ...]:
    """The extensions that a CsrExtensions of the service model asks for. Raises INVALID_ARGUMENT."""
    with reported(ErrorCode.INVALID_ARGUMENT, "The CSR extensions cannot be used"):
        asked = asked or {}
        found = (
            model_extensions.key_usage(asked.get("KeyUsage")),
            model_extensions.subject_information_access(asked.get("SubjectInformationAccess")),
        )
        return tuple(extension for extension in found if extension)
