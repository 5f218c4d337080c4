"""CSRs that must be refused: the name of a row says what is wrong, its value makes the octets.

Each is signed rightly with the key that it contains, so that the named defect is the only one; where
the key itself is the defect, it may be another than the one that signs.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x25519

from privyseal.errors import ErrorCode
from privyseal.x509 import der
from privyseal.x509.csr import MAX_CSR
from privyseal.x509.keys import public_key_der
from tests.x509 import foreign_keys, forge, legal, weak_keys
from tests.x509.forge import armour, attribute, cn, csr, dns, extension, name, request, san, seq, set_of, tlv

Make = Callable[[], bytes]


def _good() -> bytes:
    return csr(attributes=[request(san(dns("device-1.example")))])


def _body() -> bytes:
    """The good CSR without its outermost tag and length."""
    return b"".join(part.raw for part in der.single(_good(), der.SEQUENCE).children())


def _names(*names: bytes) -> Make:
    """A CSR, as PEM, with these subject alternative names."""
    return lambda: armour(csr(attributes=[request(san(*names))]))


def _subject(raw: bytes) -> Make:
    return lambda: armour(csr(subject=raw))


def _attributes(*attributes: bytes) -> Make:
    return lambda: armour(csr(attributes=attributes))


def _flipped(position: int) -> bytes:
    data = bytearray(_good())
    data[position] ^= 1
    return armour(bytes(data))


def _with_spki(spki: bytes) -> Make:
    """Another key than the one that signs."""
    return lambda: armour(csr(spki=spki))


def _rdn_out_of_order() -> bytes:
    first, second = sorted([attribute(forge.CN, "device-1"), attribute(forge.UNIT, "line 4")])
    return seq(set_of(second, first))


def _lines(edit: Callable[[list[bytes]], list[bytes]]) -> Make:
    return lambda: b"\n".join(edit(armour(_good()).split(b"\n")))


def _spare_bits() -> bytes:
    """Two octets in three letters leave two bits over: the same CSR in another text."""
    data = _good()
    while len(data) % 3 != 2:
        data = csr(subject=cn("device-" + "1" * (3 - len(data) % 3)))
    head, letter, tail = armour(data).rpartition(base64.b64encode(data)[-2:-1] + b"=\n-----END")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(letter[:1]) + 1 :][:1]
    return head + other + letter[1:] + tail


def _text_private_key() -> bytes:
    return forge.p256().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


PEM: Mapping[str, Make] = {
    "nothing at all": lambda: b"",
    "no PEM": lambda: b"please sign my certificate",
    "bare DER where PEM belongs": _good,
    "base64 without armour": lambda: base64.b64encode(_good()),
    "two blocks": lambda: armour(_good()) * 2,
    "a certificate after it": lambda: armour(_good()) + armour(_good(), "CERTIFICATE"),
    "a private key before it": lambda: _text_private_key() + armour(_good()),
    "a private key after it": lambda: armour(_good()) + _text_private_key(),
    "the label of Windows": lambda: armour(_good(), "NEW CERTIFICATE REQUEST"),
    "the label of a certificate": lambda: armour(_good(), "CERTIFICATE"),
    "a label in lower case": lambda: armour(_good(), "certificate request"),
    "BEGIN and END of different labels": lambda: armour(_good()).replace(b"END CERT", b"END X CERT"),
    "no END": _lines(lambda lines: lines[:-2]),
    "headers of RFC 1421": _lines(lambda lines: [lines[0], b"Proc-Type: 4,ENCRYPTED", b"", *lines[1:]]),
    "four dashes": lambda: armour(_good()).replace(b"-----", b"----"),
    "BEGIN in the middle of a line": lambda: b"x" + armour(_good()),
    "text after END": lambda: armour(_good()) + b"thank you\n",
    "a NUL after END": lambda: armour(_good()) + b"\x00",
    "a letter that is not base64": _lines(lambda lines: [lines[0], b"*" + lines[1][1:], *lines[2:]]),
    "base64 cut short": _lines(lambda lines: [lines[0], lines[1][:-1], *lines[2:]]),
    "padding in the middle": _lines(lambda lines: [lines[0], lines[1][:-4] + b"AA==", *lines[2:]]),
    "END in the middle of a line": lambda: armour(_good()).replace(b"\n-----END", b"-----END"),
    "base64 whose spare bits are not zero": _spare_bits,
    "an empty block": _lines(lambda lines: [lines[0], *lines[-2:]]),
    "UTF-16": lambda: armour(_good()).decode().encode("utf-16"),
    "33 kB of text before it": lambda: b"#" * 33_000 + b"\n" + armour(_good()),
    "33 kB of blank lines in it": _lines(lambda lines: [lines[0], b"\n" * 33_000, *lines[1:]]),
    "10,000 BEGIN lines": lambda: b"-----BEGIN CERTIFICATE REQUEST-----\n" * 10_000,
    "dashes only": lambda: b"-" * 32_768,
}

DER: Mapping[str, Make] = {
    "empty DER": lambda: armour(b"\x30\x00"),
    "one octet": lambda: armour(b"\x30"),
    "cut in half": lambda: armour(_good()[: len(_good()) // 2]),
    "the last octet missing": lambda: armour(_good()[:-1]),
    "one octet too many": lambda: armour(_good() + b"\x00"),
    "a second CSR after it": lambda: armour(_good() + _good()),
    "a certificate-shaped SET": lambda: armour(b"\x31" + _good()[1:]),
    "indefinite length": lambda: armour(b"\x30\x80" + _body() + b"\x00\x00"),
    "a length with a leading zero": lambda: armour(b"\x30\x83\x00" + len(_body()).to_bytes(2) + _body()),
    "a length of 2^64": lambda: armour(b"\x30\x88" + b"\xff" * 8 + _good()),
    "300 nested SEQUENCEs": lambda: armour(_nested(300)),
    "a fourth element outside": lambda: armour(csr(tail=b"\x05\x00")),
    "a fifth element inside": lambda: armour(csr(info_tail=b"\x05\x00")),
    "version 1": lambda: armour(csr(version=b"\x02\x01\x01")),
    "version 2^64": lambda: armour(csr(version=tlv(2, b"\x01" + b"\x00" * 8))),
    "a version that is a boolean": lambda: armour(csr(version=b"\x01\x01\xff")),
    "a version with a leading zero": lambda: armour(csr(version=b"\x02\x02\x00\x00")),
    "a subject that is a string": lambda: armour(csr(subject=tlv(0x0C, b"device-1"))),
    "a signature algorithm that is empty": lambda: armour(csr(algorithm=b"\x30\x00")),
}


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = seq(data)
    return data


_ECDSA_WITH_NULL = seq(forge.oid("1.2.840.10045.4.3.2"), b"\x05\x00")

PROOF: Mapping[str, Make] = {
    "the last octet of the signature changed": lambda: _flipped(-1),
    "the subject changed after signing": lambda: armour(_good().replace(b"device-1\x30", b"device-2\x30")),
    "a name changed after signing": lambda: armour(_good().replace(b"device-1.ex", b"device-2.ex")),
    "somebody else's key": _with_spki(public_key_der(ec.generate_private_key(ec.SECP256R1()).public_key())),
    "somebody else's RSA key": _with_spki(forge.spki_of(forge.rsa2048())),
    "an ECDSA signature with SHA-1": lambda: armour(csr(algorithm=forge.ECDSA_SHA1)),
    "an RSA signature with SHA-1": lambda: armour(csr(forge.rsa2048(), algorithm=forge.RSA_SHA1)),
    "an ECDSA signature with SHA-224": lambda: armour(csr(algorithm=forge.ECDSA_SHA224)),
    "an RSA signature with SHA-224": lambda: armour(csr(forge.rsa2048(), algorithm=forge.RSA_SHA224)),
    "an RSA identifier over an ECDSA signature": lambda: armour(csr(algorithm=forge.RSA_SHA256)),
    "an Ed25519 identifier over an ECDSA signature": lambda: armour(csr(algorithm=forge.ED25519)),
    "an ECDSA identifier with NULL": lambda: armour(csr(algorithm=_ECDSA_WITH_NULL)),
    "an empty signature": lambda: armour(_signed_as(lambda _: b"\x00")),
    "a signature that ends within an octet": lambda: armour(_signed_as(_one_bit_short)),
}


def _signed_as(bits: Callable[[bytes], bytes]) -> bytes:
    """With these octets, made of what is to be signed, inside of the BIT STRING."""
    info = seq(b"\x02\x01\x00", cn("device-1"), forge.spki_of(forge.p256()), tlv(0xA0, b""))
    return seq(info, forge.ECDSA_SHA256, tlv(3, bits(info)))


def _one_bit_short(info: bytes) -> bytes:
    """A right signature that says its last bit, which is zero, does not belong to it."""
    while (signature := forge.sign(forge.p256(), info, forge.ECDSA_SHA256))[-1] % 2:
        pass
    return b"\x01" + signature


KEYS: Mapping[str, Make] = {
    "RSA of 512 bits": lambda: armour(weak_keys.short(512).csr()),
    "RSA of 1024 bits": lambda: armour(weak_keys.short(1024).csr()),
    "RSA of 2046 bits": lambda: armour(weak_keys.of_primes(*_uneven()).csr()),
    "RSA with e = 3": lambda: armour(weak_keys.small_exponent().csr()),
    "RSA with a small factor": lambda: armour(weak_keys.small_factor().csr()),
    "RSA whose modulus is a square": lambda: armour(weak_keys.square().csr()),
    "RSA with close primes": lambda: armour(weak_keys.close_primes().csr()),
    "RSA with the structure of ROCA": lambda: armour(weak_keys.roca().csr()),
    "RSA without the NULL of its identifier": lambda: armour(
        csr(forge.rsa2048(), spki=foreign_keys.rsa_without_null())
    ),
    "DSA": foreign_keys.dsa_csr,
    "P-224": _with_spki(foreign_keys.spki(ec.generate_private_key(ec.SECP224R1()).public_key())),
    "secp256k1": _with_spki(foreign_keys.spki(ec.generate_private_key(ec.SECP256K1()).public_key())),
    "brainpool": _with_spki(foreign_keys.spki(ec.generate_private_key(ec.BrainpoolP256R1()).public_key())),
    "Ed448": _with_spki(foreign_keys.spki(ed448.Ed448PrivateKey.generate().public_key())),
    "X25519": _with_spki(foreign_keys.spki(x25519.X25519PrivateKey.generate().public_key())),
    "P-256 with its parameters spelled out": _with_spki(foreign_keys.explicit_curve()),
    "a key whose private half is published": _with_spki(foreign_keys.published()),
    "a compressed point": _with_spki(foreign_keys.compressed()),
    "a point that is not on the curve": _with_spki(
        foreign_keys.ec_spki(
            "1.2.840.10045.3.1.7", foreign_keys.point()[:-1] + bytes([foreign_keys.point()[-1] ^ 1])
        )
    ),
    "the point at infinity": _with_spki(foreign_keys.ec_spki("1.2.840.10045.3.1.7", b"\x00")),
    "a P-256 point that says P-384": _with_spki(foreign_keys.ec_spki("1.3.132.0.34", foreign_keys.point())),
    "a key of an unknown algorithm": _with_spki(seq(seq(forge.oid("1.2.3.4")), tlv(3, b"\x00" + b"k" * 32))),
    "a key of 8 kB": _with_spki(seq(seq(forge.oid("1.2.3.4")), tlv(3, b"\x00" + b"k" * 8192))),
}


def _uneven() -> tuple[int, int]:
    return weak_keys.prime(1022), weak_keys.prime(1024)


SUBJECTS: Mapping[str, Make] = {
    "neither subject nor names": _subject(name()),
    "a NUL in the common name": _subject(cn("good.example\x00.evil.example")),
    "a NUL in a BMPString": _subject(cn("a\x00b".encode("utf-16-be").decode("latin-1"), forge.BMP)),
    "a line feed in the common name": _subject(cn("device\n1")),
    "an escape sequence": _subject(cn("\x1b[2Jdevice")),
    "a C1 control character": _subject(cn("device\x85")),
    "a right-to-left override": _subject(cn("device\u202e1-exe")),
    "a line separator": _subject(cn("device\u20281")),
    "a byte order mark": _subject(cn("\ufeffdevice")),
    "an empty common name": _subject(cn("")),
    "65 characters of common name": _subject(cn("x" * 65)),
    "20,000 characters of common name": _subject(cn("x" * 20_000)),
    "a common name that is an OCTET STRING": _subject(name(attribute(forge.CN, "device-1", 0x04))),
    "a common name that is an IA5String": _subject(cn("device-1", forge.IA5)),
    "a common name that is an INTEGER": _subject(name(attribute(forge.CN, b"\x01", 0x02))),
    "a common name in broken UTF-8": _subject(name(attribute(forge.CN, b"\xc3\x28"))),
    "a common name in overlong UTF-8": _subject(name(attribute(forge.CN, b"\xc0\xaf"))),
    "a surrogate in UTF-8": _subject(name(attribute(forge.CN, b"\xed\xa0\x80"))),
    "half a character of BMPString": _subject(name(attribute(forge.CN, b"\x00a\x00", forge.BMP))),
    "a surrogate pair in a BMPString": _subject(
        name(attribute(forge.CN, "\U0001f512".encode("utf-16-be"), forge.BMP))
    ),
    "a UniversalString beyond Unicode": _subject(
        name(attribute(forge.CN, b"\x00\x11\x00\x00", forge.UNIVERSAL))
    ),
    "an asterisk in a PrintableString": _subject(cn("device*", forge.PRINTABLE)),
    "a letter in a NumericString": _subject(name(attribute("1.3.6.1.4.1.99999.1", "12a", forge.NUMERIC))),
    "a country of three letters": _subject(name(attribute(forge.COUNTRY, "USA", forge.PRINTABLE))),
    "a country in UTF-8": _subject(name(attribute(forge.COUNTRY, "US", forge.UTF8))),
    "a mail address in UTF-8": _subject(name(attribute(forge.EMAIL, "a@b.example", forge.UTF8))),
    "an empty relative distinguished name": _subject(seq(set_of())),
    "attributes of a multi-valued name out of order": lambda: armour(csr(subject=_rdn_out_of_order())),
    "the same attribute twice in one set": _subject(seq(set_of(*[attribute(forge.CN, "a")] * 2))),
    "an attribute without a value": _subject(seq(set_of(seq(forge.oid(forge.CN))))),
    "an attribute with two values": _subject(
        seq(set_of(seq(forge.oid(forge.CN), tlv(0x0C, b"a"), tlv(0x0C, b"b"))))
    ),
    "an attribute type with a padded arc": _subject(
        seq(set_of(seq(b"\x06\x04\x55\x04\x80\x03", tlv(0x0C, b"a"))))
    ),
    "an attribute type that ends too early": _subject(
        seq(set_of(seq(b"\x06\x03\x55\x04\x83", tlv(0x0C, b"a"))))
    ),
    "an attribute type of no octets": _subject(seq(set_of(seq(b"\x06\x00", tlv(0x0C, b"a"))))),
    "1,100 relative distinguished names": _subject(name(*[attribute(forge.UNIT, "x")] * 1100)),
    "2 kB in an attribute of one's own": _subject(name(attribute("1.3.6.1.4.1.99999.1", "x" * 2048))),
}

NAMES: Mapping[str, Make] = {
    "an empty list of names": _names(),
    "10,000 names": _names(*[dns(f"{n}.example") for n in range(10_000)]),
    "1,001 names": _names(*[dns(f"{n}") for n in range(1_001)]),
    "a DNS name with a NUL": _names(dns(b"good.example\x00.evil.example")),
    "a DNS name with a space": _names(dns("good.example evil.example")),
    "a DNS name with a line end": _names(dns("a.example\r\nb")),
    "a DNS name in UTF-8": _names(dns("bücher.example")),
    "a DNS name with a port": _names(dns("a.example:443")),
    "a DNS name with a slash": _names(dns("a.example/b")),
    "an empty DNS name": _names(dns("")),
    "a DNS name with an empty label": _names(dns("a..example")),
    "a DNS name with a final dot": _names(dns("a.example.")),
    "a DNS label of 64 letters": _names(dns("x" * 64 + ".example")),
    "a DNS name of 254 letters": _names(dns(".".join(["x" * 49] * 5) + ".abcd")),
    "a mail address without @": _names(tlv(0x81, b"root")),
    "a mail address with a NUL": _names(tlv(0x81, b"a@b\x00.example")),
    "a mail address with a line end": _names(tlv(0x81, b"a@b.example\nBcc: c")),
    "an empty mail address": _names(tlv(0x81, b"")),
    "a URI with a line end": _names(tlv(0x86, b"https://a.example/\r\nX: y")),
    "a URI with a space": _names(tlv(0x86, b"https://a.example/ b")),
    "a URI without a scheme": _names(tlv(0x86, b"//a.example/")),
    "an IP address of 3 octets": _names(tlv(0x87, b"\x7f\x00\x00")),
    "an IP address of 8 octets": _names(tlv(0x87, b"\x7f\x00\x00\x00\xff\x00\x00\x00")),
    "an IP address as text": _names(tlv(0x87, b"127.0.0.1")),
    "a name of an unknown kind": _names(tlv(0x89, b"x")),
    "a DNS name that is constructed": _names(tlv(0xA2, tlv(0x16, b"a.example"))),
    "an otherName without a value": _names(tlv(0xA0, forge.oid("1.2.3"))),
    "an otherName with two values": _names(tlv(0xA0, forge.oid("1.2.3") + tlv(0xA0, b"\x05\x00" * 2))),
    "an otherName whose value is cut": _names(tlv(0xA0, forge.oid("1.2.3") + tlv(0xA0, b"\x0c\x05a"))),
    "an otherName broken deep inside": _names(
        tlv(0xA0, forge.oid("1.2.3") + tlv(0xA0, seq(seq(b"\x0c\x05a"))))
    ),
    "an x400Address broken deep inside": _names(tlv(0xA3, seq(seq(b"\x0c\x05a")))),
    "an x400Address without standard attributes": _names(tlv(0xA3, tlv(0x31, b""))),
    "an ediPartyName in an IA5String": _names(tlv(0xA5, tlv(0xA1, tlv(0x16, b"party")))),
    "an ediPartyName of two parties": _names(tlv(0xA5, tlv(0xA1, tlv(0x0C, b"a") * 2))),
    "an empty directoryName": _names(tlv(0xA4, name())),
    "a directoryName with a NUL": _names(tlv(0xA4, cn("a\x00b"))),
    "an ediPartyName without a party": _names(tlv(0xA5, tlv(0xA0, tlv(0x0C, b"x")))),
    "an ediPartyName whose party is empty": _names(tlv(0xA5, tlv(0xA1, tlv(0x0C, b"")))),
    "a registeredID that is none": _names(tlv(0x88, b"\x80")),
    "names that are a SET": _attributes(request(extension(forge.SAN, set_of(dns("a.example"))))),
    "something after the names": _attributes(
        request(extension(forge.SAN, seq(dns("a.example")) + b"\x05\x00"))
    ),
}

REQUESTS: Mapping[str, Make] = {
    "two extension requests": _attributes(request(san(dns("a.example"))), request(san(dns("b.example")))),
    "an extension request of two names": _attributes(
        request(san(dns("a.example"))),
        request(san(dns("b.example")), kind="1.3.6.1.4.1.311.2.1.14"),
    ),
    "an extension request with two values": _attributes(
        seq(
            forge.oid(forge.EXTENSION_REQUEST),
            set_of(seq(san(dns("a.example"))), seq(san(dns("b.example")))),
        )
    ),
    "an extension request without a value": _attributes(seq(forge.oid(forge.EXTENSION_REQUEST), set_of())),
    "an extension asked for twice": _attributes(request(san(dns("a.example")), san(dns("b.example")))),
    "an extension without a value": _attributes(request(seq(forge.oid(forge.SAN)))),
    "an extension that spells out its default": _attributes(
        request(seq(forge.oid(forge.SAN), b"\x01\x01\x00", tlv(4, seq(dns("a.example")))))
    ),
    "a criticality of 01": _attributes(
        request(seq(forge.oid(forge.SAN), b"\x01\x01\x01", tlv(4, seq(dns("a.example")))))
    ),
    "an extension that is no OCTET STRING": _attributes(request(seq(forge.oid(forge.SAN), dns("a.example")))),
    "65 extensions": _attributes(
        request(*(extension(f"1.3.6.1.4.1.99999.{n}", b"\x05\x00") for n in range(65)))
    ),
    "33 attributes": _attributes(
        *(seq(forge.oid(f"1.3.6.1.4.1.99999.{n}"), set_of(b"\x05\x00")) for n in range(33))
    ),
    "an attribute of 26 kB": _attributes(
        seq(forge.oid(forge.CHALLENGE_PASSWORD), set_of(tlv(0x0C, b"x" * 26_000)))
    ),
    "an attribute without values": _attributes(seq(forge.oid(forge.CHALLENGE_PASSWORD))),
    "an attribute that is a SET": _attributes(set_of(forge.oid(forge.CHALLENGE_PASSWORD), set_of())),
}

KINDS: Mapping[str, Mapping[str, Make]] = {
    "pem": PEM,
    "der": DER,
    "proof": PROOF,
    "key": KEYS,
    "subject": SUBJECTS,
    "name": NAMES,
    "request": REQUESTS,
}
HOSTILE: Mapping[str, Make] = {
    f"{kind}: {row}": make for kind, rows in KINDS.items() for row, make in rows.items()
}


class Sample(NamedTuple):
    """A CSR as it is sent, and the parser's verdict: None where it must be accepted.

    A CSR that is empty or over 32,768 octets breaks the service model before anybody parses it.
    """

    kind: str
    data: bytes
    code: ErrorCode | None

    @property
    def fits_the_model(self) -> bool:
        return 0 < len(self.data) <= MAX_CSR


def hostile_csrs() -> Iterator[Sample]:
    """Every hostile CSR; `kind` is unique and says what is wrong."""
    return (Sample(row, make(), ErrorCode.MALFORMED_CSR) for row, make in HOSTILE.items())


def odd_but_legal_csrs() -> Iterator[Sample]:
    """CSRs that a careless parser would refuse or change."""
    for row, subject in legal.SUBJECTS.items():
        yield Sample(
            f"subject: {row}", armour(csr(subject=subject, attributes=[request(san(dns("a.example")))])), None
        )
    for row, general_name in legal.NAMES.items():
        yield Sample(f"name: {row}", armour(csr(attributes=[request(san(general_name))])), None)
    for row, edit in legal.LAYOUTS.items():
        yield Sample(f"layout: {row}", edit(armour(_good())), None)
