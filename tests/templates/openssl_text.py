"""Certificates as `openssl x509` shows them: nothing of ours reads them."""

import re
import subprocess

from tests.programs import program
from tests.templates.expected import Extensions

_HEADER = re.compile(r" {12}(?! )(?:X509v3 )?(?P<name>[^:]+): ?(?P<critical>critical)?\s*\Z")


def _said(pem: str, *options: str) -> str:
    command = [program("openssl"), "x509", "-noout", *options]
    done = subprocess.run(command, input=pem.encode(), capture_output=True, check=True)
    return done.stdout.decode()


def subject(pem: str) -> str:
    """As RFC 2253 writes it."""
    return _said(pem, "-subject", "-nameopt", "RFC2253").strip().removeprefix("subject=")


def issuer(pem: str) -> str:
    return _said(pem, "-issuer", "-nameopt", "RFC2253").strip().removeprefix("issuer=")


def dates(pem: str) -> tuple[str, str]:
    """NotBefore and NotAfter as `2026-11-21 10:00:00Z`."""
    lines = _said(pem, "-dates", "-dateopt", "iso_8601").split("\n")
    return lines[0].removeprefix("notBefore="), lines[1].removeprefix("notAfter=")


def extensions(pem: str) -> Extensions:
    """Extension → (critical, value), the value's lines joined with one space.

    Fails where an extension occurs twice.
    """
    text = _said(pem, "-text", "-certopt", "no_header,no_sigdump,no_pubkey,no_subject,no_issuer,no_validity")
    found: dict[str, tuple[bool, list[str]]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if header := _HEADER.match(line):
            assert header["name"] not in found, text
            lines = []
            found[header["name"]] = bool(header["critical"]), lines
        elif found:  # a value; what is in it may break lines as it likes
            lines.append(" ".join(line.split()))
    return {name: (critical, " ".join(filter(None, value))) for name, (critical, value) in found.items()}


def key_id(key_identifier: bytes) -> str:
    """A key identifier as openssl prints it."""
    return key_identifier.hex(":").upper()
