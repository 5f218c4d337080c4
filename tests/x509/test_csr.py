"""CSRs that are as they should be, from our writer, from `cryptography` and from openssl."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.csr import MAX_CSR, Csr, parse_der, parse_pem
from privyseal.x509.keys import KeyRules, public_key_der
from tests.x509 import forge
from tests.x509.forge import armour, attribute, dns, request, san
from tests.x509.hostile import odd_but_legal_csrs
from tests.x509.legal import LAYOUTS

SIGNERS: Mapping[
    str, tuple[Callable[[], forge.Signer], hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None]
] = {
    "RSA_2048": (forge.rsa2048, hashes.SHA256()),
    "EC_prime256v1": (forge.p256, hashes.SHA256()),
    "EC_secp384r1": (lambda: ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    "EC_secp521r1": (lambda: ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, None),
    "ML_DSA_44": (mldsa.MLDSA44PrivateKey.generate, None),
    "ML_DSA_65": (mldsa.MLDSA65PrivateKey.generate, None),
    "ML_DSA_87": (mldsa.MLDSA87PrivateKey.generate, None),
}
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device-1")])


def good() -> bytes:
    return forge.csr(attributes=[request(san(dns("device-1.example")))])


DER = good()


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_every_accepted_kind_of_key_proves_its_possession(algorithm: str) -> None:
    """Made and signed by `cryptography`."""
    make, digest = SIGNERS[algorithm]
    key = make()
    made = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, digest)
    csr = parse_pem(made.public_bytes(serialization.Encoding.PEM))
    assert csr.key_algorithm == algorithm
    assert csr.spki == public_key_der(key.public_key())
    assert csr.common_names == ("device-1",)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_pss_signature_proves_possession(digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512) -> None:
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(NAME)
        .sign(forge.rsa2048(), digest, rsa_padding=pss)
    )
    assert parse_der(made.public_bytes(serialization.Encoding.DER)).key_algorithm == "RSA_2048"


def test_a_pss_signature_with_sha_1_proves_nothing() -> None:
    """Its identifier alone does not tell the hash."""
    # RSASSA-PSS-params are all defaults, and the default hash is SHA-1 (RFC 4055 §3.1).
    algorithm = forge.seq(forge.oid("1.2.840.113549.1.1.10"), forge.seq())
    key = forge.rsa2048()
    info = forge.seq(b"\x02\x01\x00", forge.cn("device-1"), forge.spki_of(key), forge.tlv(0xA0, b""))
    signature = key.sign(info, padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())
    with pytest.raises(PrivySealError) as caught:
        parse_der(forge.seq(info, algorithm, forge.tlv(3, b"\x00" + signature)))
    assert caught.value.code is ErrorCode.MALFORMED_CSR


def test_everything_that_was_asked_for_is_there_in_order() -> None:
    names = [
        dns("b.example"),
        forge.tlv(0x87, bytes([10, 0, 0, 1])),
        dns("*.a.example"),
        forge.tlv(0x81, b"o@b.example"),
    ]
    asked = forge.extension("1.3.6.1.4.1.99999.7", b"\x05\x00", critical=True)
    csr = parse_der(forge.csr(attributes=[request(asked, san(*names))]))
    assert [(name.kind, name.text) for name in csr.names] == [
        ("dNSName", "b.example"),
        ("iPAddress", "10.0.0.1"),
        ("dNSName", "*.a.example"),
        ("rfc822Name", "o@b.example"),
    ]
    assert csr.dns_names == ("b.example", "*.a.example")
    assert [(e.oid, e.critical) for e in csr.extensions] == [
        ("1.3.6.1.4.1.99999.7", True),
        (forge.SAN, False),
    ]


def test_two_common_names_are_both_told() -> None:
    """So that whoever expects one can refuse two."""
    subject = forge.name(attribute(forge.CN, "device-1"), attribute(forge.CN, "device-2"))
    assert parse_der(forge.csr(subject=subject)).common_names == ("device-1", "device-2")


def test_a_csr_without_subject_is_fine_if_it_has_names() -> None:
    csr = parse_der(forge.csr(subject=forge.name(), attributes=[request(san(dns("a.example")))]))
    assert csr.subject.rdns == ()
    assert csr.subject.text == ""


def test_other_attributes_are_left_alone() -> None:
    password = forge.seq(forge.oid(forge.CHALLENGE_PASSWORD), forge.set_of(forge.tlv(0x0C, b"secret")))
    csr = parse_der(forge.csr(attributes=[password, request(san(dns("a.example")))]))
    assert csr.dns_names == ("a.example",)
    assert "secret" not in repr((csr.subject, csr.names, csr.extensions))


def test_the_older_name_of_the_extension_request_counts_too() -> None:
    attributes = [request(san(dns("a.example")), kind="1.3.6.1.4.1.311.2.1.14")]
    assert parse_der(forge.csr(attributes=attributes)).dns_names == ("a.example",)


@pytest.mark.parametrize("row", LAYOUTS)
def test_the_layout_of_the_pem_does_not_matter(row: str) -> None:
    """Text before BEGIN, any line end, blank lines, trailing white space."""
    assert parse_pem(LAYOUTS[row](armour(DER))).der == DER


def test_every_odd_but_legal_csr_is_accepted() -> None:
    refused = {}
    for sample in odd_but_legal_csrs():
        try:
            parse_pem(sample.data)
        except PrivySealError as error:
            refused[sample.kind] = error.message
    assert not refused


@given(width=st.integers(1, 500))
def test_lines_have_any_width(width: int) -> None:
    first, *body, last = armour(DER).strip().split(b"\n")
    text = b"".join(body)
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    assert parse_pem(b"\n".join([first, *lines, last])).der == DER


@given(position=st.integers(0, len(DER) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused_or_does_not_count(position: int, bit: int) -> None:
    """Whatever is accepted carries a signature that another library finds valid too."""
    changed = bytearray(DER)
    changed[position] ^= 1 << bit
    try:
        csr = parse_der(bytes(changed))
    except PrivySealError as error:
        code: ErrorCode | None = error.code
    else:
        code = None
        assert x509.load_der_x509_csr(csr.der).is_signature_valid
    assert code in {None, ErrorCode.MALFORMED_CSR}


@given(data=st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for parse in (parse_der, parse_pem):
        with pytest.raises(PrivySealError) as caught:
            parse(data)
        assert caught.value.code is ErrorCode.MALFORMED_CSR


def test_the_limit_of_the_service_model_is_exact() -> None:
    """32,768 octets are read, one more is not."""
    pem = armour(good())
    filler = b"#" * (MAX_CSR - len(pem) - 1) + b"\n"
    assert isinstance(parse_pem(filler + pem), Csr)
    with pytest.raises(PrivySealError, match="32769"):
        parse_pem(b"#" + filler + pem)


def test_an_operator_can_accept_other_exponents_and_block_keys() -> None:
    key = rsa.generate_private_key(public_exponent=3, key_size=2048)
    data = forge.csr(key)
    with pytest.raises(PrivySealError, match="exponent"):
        parse_der(data)
    rules = KeyRules(rsa_exponents=frozenset({3, 65537}))
    csr = parse_der(data, rules)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(csr.spki)
    blocking = KeyRules(rsa_exponents=rules.rsa_exponents, blocked=frozenset({digest.finalize()}))
    with pytest.raises(PrivySealError, match="compromised"):
        parse_der(data, blocking)


@pytest.mark.parametrize("kind", ["rsa:2048", "ec:prime256v1", "ec:secp384r1", "ed25519"])
def test_a_csr_from_openssl_is_read(tmp_path: Path, kind: str) -> None:
    """With the explanatory text that `openssl req -text` writes before it."""
    algorithm, _, parameter = kind.partition(":")
    options = {"rsa": f"rsa_keygen_bits:{parameter}", "ec": f"ec_paramgen_curve:{parameter}"}
    extra = ["-pkeyopt", options[algorithm]] if algorithm in options else []
    pem = subprocess.run(
        [
            *("openssl", "req", "-new", "-nodes", "-text", "-newkey", algorithm, *extra),
            *(
                "-keyout",
                str(tmp_path / "key.pem"),
                "-subj",
                "/C=CH/O=Example/OU=a+OU=b/CN=device-1",
                "-multivalue-rdn",
            ),
            *(
                "-addext",
                "subjectAltName=DNS:device-1.example,IP:fd00::1,URI:urn:x:1,email:a@b.example,RID:1.2.3.4",
            ),
        ],
        check=True,
        capture_output=True,
    ).stdout
    csr = parse_pem(pem)
    assert csr.subject.text == "CN=device-1,OU=a+OU=b,O=Example,C=CH"
    assert [name.text for name in csr.names] == [
        "device-1.example",
        "fd00::1",
        "urn:x:1",
        "a@b.example",
        "1.2.3.4",
    ]
