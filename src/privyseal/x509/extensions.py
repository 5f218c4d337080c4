"""Certificate extensions (RFC 5280 §4.2) as an identifier, a criticality and DER."""

from collections.abc import Iterable
from functools import lru_cache

from privyseal.value import Value
from privyseal.x509 import der, oids
from privyseal.x509.refusal import RefusalError

# RFC 5280 §4.2.1.3: the names of the bits, in order of their positions
KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)


# Nearly all certificates share a few values of these; readings of them are kept.
_KEPT = 128


class Extension(Value, frozen=True):
    oid: str
    critical: bool
    value: bytes  # the DER inside the OCTET STRING

    def encode(self) -> bytes:
        critical = der.boolean(True) if self.critical else b""  # DEFAULT FALSE is left out
        return der.sequence(der.oid(self.oid), critical, der.tlv(der.OCTET_STRING, self.value))


def read_extension(element: der.Element) -> Extension:
    fields = element.inside(der.SEQUENCE)
    if len(fields) not in {2, 3}:
        raise RefusalError("an extension is not an identifier, a criticality and a value")
    critical = False
    if len(fields) == 3:
        critical = der.read_boolean(fields[1])
        if not critical:
            raise RefusalError("an extension spells out its default criticality")
    return Extension(der.read_oid(fields[0]), critical, fields[-1].expect(der.OCTET_STRING).content)


def basic_constraints(*, ca: bool, path_length: int | None, critical: bool) -> Extension:
    parts = [der.boolean(True)] if ca else []
    if path_length is not None:
        parts.append(der.integer(path_length))
    return Extension(oids.BASIC_CONSTRAINTS, critical, der.sequence(*parts))


@lru_cache(_KEPT)
def read_basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """(is a CA, path length)."""
    fields = der.inside(value)
    ca = bool(fields) and fields[0].tag == der.BOOLEAN and der.read_boolean(fields.pop(0))
    path_length = der.read_integer(fields.pop(0)) if fields else None
    if fields or (path_length is not None and path_length < 0):
        raise RefusalError("the basic constraints are malformed")
    return ca, path_length


def key_usage(usages: Iterable[str], *, critical: bool = True) -> Extension:
    bits = frozenset(KEY_USAGES.index(usage) for usage in usages)
    return Extension(oids.KEY_USAGE, critical, der.named_bits(bits))


@lru_cache(_KEPT)
def read_key_usage(value: bytes) -> frozenset[str]:
    octets = der.single(value, der.BIT_STRING).content
    if not octets or octets[0] > 7 or len(octets) > 3:
        raise RefusalError("the key usage is malformed")
    bits = "".join(f"{octet:08b}" for octet in octets[1:])
    return frozenset(usage for usage, bit in zip(KEY_USAGES, bits, strict=False) if bit == "1")


def extended_key_usage(purposes: Iterable[str], *, critical: bool = False) -> Extension:
    return Extension(oids.EXTENDED_KEY_USAGE, critical, der.sequence(*map(der.oid, purposes)))


@lru_cache(_KEPT)
def read_extended_key_usage(value: bytes) -> tuple[str, ...]:
    return tuple(der.read_oid(element) for element in der.inside(value))


def certificate_policy(oid: str) -> Extension:
    """One policy without qualifiers (RFC 5280 §4.2.1.4)."""
    return Extension(oids.CERTIFICATE_POLICIES, False, der.sequence(der.sequence(der.oid(oid))))


def crl_distribution_points(url: str) -> Extension:
    """One distribution point with one URI (RFC 5280 §4.2.1.13)."""
    name = der.tlv(0x86, url.encode("ascii"))
    point = der.sequence(der.tlv(0xA0, der.tlv(0xA0, name)))
    return Extension(oids.CRL_DISTRIBUTION_POINTS, False, der.sequence(point))


def ocsp_access(url: str) -> Extension:
    """Authority information access with the responder's URI (RFC 5280 §4.2.2.1)."""
    access = der.sequence(der.oid(oids.OCSP), der.tlv(0x86, url.encode("ascii")))
    return Extension(oids.AUTHORITY_INFORMATION_ACCESS, False, der.sequence(access))


def subject_key_identifier(key_id: bytes) -> Extension:
    return Extension(oids.SUBJECT_KEY_IDENTIFIER, False, der.tlv(der.OCTET_STRING, key_id))


def read_subject_key_identifier(value: bytes) -> bytes:
    return der.single(value, der.OCTET_STRING).content


@lru_cache(_KEPT)
def authority_key_identifier(key_id: bytes) -> Extension:
    return Extension(oids.AUTHORITY_KEY_IDENTIFIER, False, der.sequence(der.tlv(0x80, key_id)))


@lru_cache(_KEPT)
def read_authority_key_identifier(value: bytes) -> bytes | None:
    fields = der.inside(value)
    return next((field.content for field in fields if field.tag == 0x80), None)
