"""The answers of serverless-ca's certificate function, member for member.

Everything that begins with Base64 is base64 of PEM whose last line ends; times are UTC to the second;
the serial number is decimal.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from privyseal.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class CaChain:
    """PEM of the certificates from the issuing authority's up to the root's: two, as a rule."""

    pems: tuple[str, ...]

    def members(self) -> dict[str, Any]:
        return {
            "Base64IssuingCaCertificate": coded(self.pems[0]),
            "Base64RootCaCertificate": coded(self.pems[-1]),
            "Base64CaChain": coded(*self.pems),
        }


def issued(
    certificate: Certificate, pem: str, chain: CaChain, *, common_name: str, subject: str, bundle: bool
) -> dict[str, Any]:
    """With `bundle`, Base64Certificate has the authorities' certificates behind the leaf."""
    parts = (pem, *chain.pems) if bundle else (pem,)
    return {
        "CertificateInfo": information(
            common_name, certificate.serial, certificate.not_before, certificate.not_after
        ),
        "Base64Certificate": coded(*parts),
        "Subject": subject,
        **chain.members(),
    }


def information(common_name: str, serial: int, begins: datetime, ends: datetime) -> dict[str, str]:
    return {
        "CommonName": common_name,
        "SerialNumber": str(serial),
        "Issued": at(begins),
        "Expires": at(ends),
    }


def with_warnings(answer: Mapping[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    """`Warnings` is there only where something was left out of the request."""
    return {**answer, "Warnings": list(warnings)} if warnings else dict(answer)


def refused(message: str) -> dict[str, Any]:
    return {"error": message}


def coded(*pems: str) -> str:
    return base64.b64encode("".join(f"{pem.rstrip()}\n" for pem in pems).encode()).decode()


def at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
