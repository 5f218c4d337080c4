"""The service's own TLS certificate, from its own issuing authority."""

import ipaddress
import socket
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal import log
from privyseal.client.api import Caller
from privyseal.client.ceremony import template_arn
from privyseal.client.certificates import inspect_certificate, request_certificate, wait_for_certificate
from privyseal.client.csr import key_pem
from privyseal.client.errors import ApiError
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import Settings
from privyseal.x509 import algorithms

TEMPLATE = "EndEntityServerAuthCertificate/V1"
KEY_ALGORITHM = "EC_prime256v1"
VALIDITY_DAYS = 395
# A start renews a certificate that has less than this left.
RENEW_BEFORE = timedelta(days=60)

_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


def ensure_certificate(
    directory: DataDirectory, settings: Settings, caller: Caller, authority_arn: str | None
) -> None:
    """Make `tls/server.pem` and its key, unless they are there, name everything and last long enough."""
    names = service_names(settings)
    if _is_good(directory, names, RENEW_BEFORE) and _is_from(directory, caller, authority_arn):
        return
    if authority_arn is None:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE,
            f"Serving on {settings.host} needs TLS, and there is no issuing authority to make a certificate: "
            "give --tls-certificate and --tls-key, or --insecure-plain-http.",
        )
    try:
        _make(directory, caller, authority_arn, names)
    except ApiError as error:
        if not _is_good(directory, names, timedelta(0)):
            raise
        log.warning("the service's own certificate could not be renewed", error=str(error))


def _make(directory: DataDirectory, caller: Caller, authority_arn: str, names: list[str]) -> None:
    """A new key and certificate, which ends with its issuer at the latest."""
    key = algorithms.generate_key(KEY_ALGORITHM)
    alternative = x509.SubjectAlternativeName([_general_name(name) for name in names])
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])]))
        .add_extension(alternative, critical=False)
        .sign(key, algorithms.hash_for(KEY_ALGORITHM))
        .public_bytes(Encoding.PEM)
    )
    authority = {"CertificateAuthorityArn": authority_arn}
    issuer = caller.call("DescribeCertificateAuthority", authority)["CertificateAuthority"]
    end = datetime.now(UTC) + timedelta(days=VALIDITY_DAYS)
    arn = request_certificate(
        caller,
        certificate_authority_arn=authority_arn,
        csr=csr,
        validity={"Type": "ABSOLUTE", "Value": int(min(end.timestamp(), issuer["NotAfter"]))},
        signing_algorithm=str(issuer["CertificateAuthorityConfiguration"]["SigningAlgorithm"]),
        template_arn=template_arn(TEMPLATE, authority_arn),
    )
    issued = wait_for_certificate(caller, authority_arn, arn)
    write_file(directory.tls_key, [key_pem(key)])
    write_file(directory.tls_certificate, [f"{issued.certificate}\n{issued.chain}\n".encode()])


def service_names(settings: Settings) -> list[str]:
    """Every name and address by which clients may call the service, without repetition."""
    hosts = [settings.host, *([settings.device_host] if settings.device_port is not None else [])]
    host = [each for each in hosts if each not in _ANY_ADDRESS]
    machine = [socket.gethostname(), socket.getfqdn()] if host != hosts else []
    return list(dict.fromkeys([*settings.names, *host, *machine, "localhost", "127.0.0.1", "::1"]))


def _is_good(directory: DataDirectory, names: list[str], left: timedelta) -> bool:
    """Whether the certificate is there, has all these names and is valid for longer than `left`."""
    if not (directory.tls_certificate.exists() and directory.tls_key.exists()):
        return False
    summary = inspect_certificate(directory.tls_certificate.read_bytes().split(b"\n-----BEGIN", 1)[0])
    named = {name.text for name in summary.subject_alternative_names}
    return named >= set(names) and summary.not_after > datetime.now(UTC) + left


def _is_from(directory: DataDirectory, caller: Caller, authority_arn: str | None) -> bool:
    """Whether it is from that authority, and not from one that was replaced by it and revoked."""
    if authority_arn is None:
        return True
    try:
        asked = {"CertificateAuthorityArn": authority_arn}
        answer = caller.call("GetCertificateAuthorityCertificate", asked)
    except ApiError:  # a disabled one, say: nothing better is to be had
        return True
    return str(answer["Certificate"]).strip() in directory.tls_certificate.read_text()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
