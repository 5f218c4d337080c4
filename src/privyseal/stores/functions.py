"""Functions that migrations may call: what SQL cannot read out of a certificate by itself."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from privyseal.ca.revocation.reasons import REASONS
from privyseal.stores.sql import time_of
from privyseal.x509.certificate import read_certificate
from privyseal.x509.revoked import revoked_entry


def spki_sha256(der: bytes) -> bytes:
    """The digest of a certificate's SubjectPublicKeyInfo."""
    return hashlib.sha256(read_certificate(der).spki).digest()


def crl_entry(serial: str, revoked_at: int, reason: str) -> bytes:
    """What a CRL lists of a certificate that was revoked before there were CRLs."""
    return revoked_entry(int(serial, 16), time_of(revoked_at), REASONS[reason])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {"spki_sha256": spki_sha256, "crl_entry": crl_entry}
