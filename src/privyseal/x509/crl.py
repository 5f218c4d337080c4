"""Certificate revocation lists (RFC 5280 §5), put together from entries that are encoded already.

A list of a million certificates has 40 to 50 MB. So the entries are never here all at once: they come
in chunks, are hashed as they come, and what stands before and after them is returned.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from privyseal.x509 import der, oids
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm
from privyseal.x509.extensions import Extension, authority_key_identifier
from privyseal.x509.prehash import signing
from privyseal.x509.subject import Name

_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True)
class CrlTerms:
    """What a CRL says besides its entries.

    `distribution_points` are where a partitioned list is found: its certificates name one of them, and
    it covers no others (§5.2.5). `base` makes it a delta to the complete list of that number (§5.2.4);
    `freshest` says in a complete list where its deltas are (§5.2.6).
    """

    issuer: Name
    key_id: bytes
    number: int
    this_update: datetime
    next_update: datetime
    distribution_points: tuple[str, ...] = ()
    base: int | None = None
    freshest: str | None = None

    def extensions(self) -> tuple[Extension, ...]:
        found = [
            authority_key_identifier(self.key_id),
            Extension(oids.CRL_NUMBER, False, der.integer(self.number)),
        ]
        if self.base is not None:
            found.append(Extension(oids.DELTA_CRL_INDICATOR, True, der.integer(self.base)))
        if self.distribution_points:
            point = _point(*self.distribution_points)
            found.append(Extension(oids.ISSUING_DISTRIBUTION_POINT, True, point))
        if self.freshest is not None:
            found.append(Extension(oids.FRESHEST_CRL, False, der.sequence(_point(self.freshest))))
        return tuple(found)


def sign(
    terms: CrlTerms, key: PrivateKey, algorithm: SigningAlgorithm, entries: Iterable[bytes], size: int
) -> tuple[bytes, bytes]:
    """What goes before and after the entries to make a DER CertificateList of them.

    `entries` are elements of revokedCertificates, any number in each chunk, `size` octets together.
    Raises INVALID_ARGUMENT when the algorithm is not one of the key's.
    """
    head = b"".join(
        (
            _VERSION_2,
            algorithm.identifier,
            terms.issuer.raw,
            der.time(terms.this_update),
            der.time(terms.next_update),
            # §5.1.2.6: where nothing is revoked, the list is absent
            der.header(der.SEQUENCE, size) if size else b"",
        )
    )
    tail = der.tlv(0xA0, der.sequence(*(each.encode() for each in terms.extensions())))
    begin = der.header(der.SEQUENCE, len(head) + size + len(tail)) + head
    signature = signing(key, algorithm)
    signature.update(begin)
    seen = 0
    for chunk in entries:
        seen += len(chunk)
        signature.update(chunk)
    if seen != size:
        message = f"the entries have {seen} octets, not {size}"
        raise ValueError(message)
    signature.update(tail)
    end = tail + algorithm.identifier + der.bit_string(signature.sign())
    return der.header(der.SEQUENCE, len(begin) + size + len(end)) + begin, end


def _point(*urls: str) -> bytes:
    """A DistributionPoint, and an IssuingDistributionPoint, with nothing but URIs of the same thing."""
    names = (der.tlv(0x86, url.encode("ascii")) for url in urls)
    return der.sequence(der.tlv(0xA0, der.tlv(0xA0, *names)))
