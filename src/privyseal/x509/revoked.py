"""One revoked certificate as a CRL lists it (RFC 5280 §5.1 and §5.3)."""

from datetime import datetime

from privyseal.x509 import der, oids
from privyseal.x509.extensions import Extension


def revoked_entry(
    serial: int, revoked_at: datetime, reason: int, invalidity_date: datetime | None = None
) -> bytes:
    """DER of an element of revokedCertificates. `reason` is a CRLReason; 0 (unspecified) is left out,
    as §5.3.1 wants it.
    """
    extensions = []
    if reason:
        value = der.tlv(der.ENUMERATED, bytes((reason,)))
        extensions.append(Extension(oids.CRL_REASON, False, value).encode())
    if invalidity_date is not None:
        value = der.generalized_time(invalidity_date)
        extensions.append(Extension(oids.INVALIDITY_DATE, False, value).encode())
    listed = der.sequence(*extensions) if extensions else b""
    return der.sequence(der.integer(serial), der.time(revoked_at), listed)
