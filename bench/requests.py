"""Signed acm-pca calls as the bytes that go over a connection, and distinct CSRs to fill them with."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from privyseal import sigv4
from privyseal.client.connection import Environment

TARGET = "ACMPrivateCA"
SERVICE = "acm-pca"
_JSON = "application/x-amz-json-1.1"


def address(environment: Environment) -> tuple[str, int]:
    parts = urlsplit(environment.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def csr(common_name: str) -> bytes:
    """PEM, with a P-256 key of its own that is thrown away."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(f"{common_name}.example")]
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_name(common_name))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def csrs(prefix: str, count: int) -> list[bytes]:
    return [csr(f"{prefix}-{number}") for number in range(count)]


def call(environment: Environment, operation: str, params: Mapping[str, Any]) -> bytes:
    """A whole request, signed now: it is good for five minutes."""
    body = json.dumps(params).encode()
    headers = {"Content-Type": _JSON, "X-Amz-Target": f"{TARGET}.{operation}"}
    return signed(environment, SERVICE, "POST", "/", headers, body)


def signed(
    environment: Environment,
    service: str,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
) -> bytes:
    """A request with a signature, as the bytes of HTTP/1.1."""
    fields = sigv4.sign(
        method,
        environment.url + target,
        headers,
        body,
        access_key_id=environment.access_key_id,
        secret_key=environment.secret_access_key,
        region=environment.region,
        service=service,
        now=datetime.now(UTC),
    )
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def issue(environment: Environment, request: bytes, days: int = 30) -> bytes:
    """IssueCertificate from the issuing authority of the first start."""
    assert environment.issuing_ca_arn
    params = {
        "CertificateAuthorityArn": environment.issuing_ca_arn,
        "Csr": base64.b64encode(request).decode(),
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Validity": {"Type": "DAYS", "Value": days},
    }
    return call(environment, "IssueCertificate", params)


def issues(environment: Environment, requests: Sequence[bytes]) -> list[bytes]:
    return [issue(environment, each) for each in requests]


def get(environment: Environment, certificate_arn: str) -> bytes:
    assert environment.issuing_ca_arn
    params = {"CertificateAuthorityArn": environment.issuing_ca_arn, "CertificateArn": certificate_arn}
    return call(environment, "GetCertificate", params)


def public_key(request: bytes) -> bytes:
    """DER SubjectPublicKeyInfo of a CSR."""
    return spki(x509.load_pem_x509_csr(request))


def spki(holder: x509.CertificateSigningRequest | x509.Certificate) -> bytes:
    return holder.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@cache
def _organization() -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")


def _name(common_name: str) -> x509.Name:
    return x509.Name([_organization(), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
