"""OCSP requests by `cryptography`, and OCSP over HTTP by the standard library."""

import base64
import http.client
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from privyseal.x509 import der, ocsp_request
from privyseal.x509.keys import key_bits

TYPE = "application/ocsp-response"
HASHES = tuple(ocsp_request.HASHES)


def request(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def request_for(serial: int, issuer: x509.Certificate, *more: int) -> bytes:
    """For serial numbers, whether issued or not."""
    return as_request([cert_id(each, issuer) for each in (serial, *more)])


def cert_id(serial: int, issuer: x509.Certificate, oid: str = ocsp_request.SHA1) -> bytes:
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = ocsp_request.hashed(issuer.subject.public_bytes())[oid]
    key = ocsp_request.hashed(key_bits(spki))[oid]
    return der.sequence(
        der.sequence(der.oid(oid), der.tlv(der.NULL)),
        der.tlv(der.OCTET_STRING, name),
        der.tlv(der.OCTET_STRING, key),
        der.integer(serial),
    )


def as_request(cert_ids: list[bytes], *more: bytes) -> bytes:
    return der.sequence(der.sequence(der.sequence(*map(der.sequence, cert_ids)), *more))


def post(url: str, body: bytes) -> bytes:
    """The body of the answer, whose status and type are those that every OCSP answer has."""
    status, headers, answer = exchange(url, "POST", body, {"content-type": "application/ocsp-request"})
    assert (status, headers["content-type"]) == (200, TYPE), (status, headers, answer)
    return answer


def get(
    url: str,
    asked: bytes,
    *,
    escaped: bool = True,
    connection: http.client.HTTPConnection | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(f"{url}/{path(asked, escaped=escaped)}", "GET", None, named, connection)


def path(asked: bytes, *, escaped: bool = True) -> str:
    text = base64.b64encode(asked).decode()
    return quote(text, safe="") if escaped else text


def connect(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    assert address.hostname
    return http.client.HTTPConnection(address.hostname, address.port or 80, timeout=20)


def exchange(
    url: str,
    method: str,
    body: bytes | None,
    headers: dict[str, Any],
    connection: http.client.HTTPConnection | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body; over a connection of its own if none is given."""
    used = connection or connect(url)
    try:
        used.request(method, urlsplit(url).path, body, headers)
        answer = used.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()
    finally:
        if connection is None:
            used.close()
