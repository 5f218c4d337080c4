"""What an authority may be given as its certificate: AWS's checks, each with what breaks it."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import der, pem
from privyseal.x509.build import issuer_from_certificate
from privyseal.x509.chain import MAX_CHAIN, CaCertificate, check_ca_certificate
from privyseal.x509.keys import public_key_der
from tests.x509 import forge, hierarchy
from tests.x509.hierarchy import NOW

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
MALFORMED = ErrorCode.MALFORMED_CERTIFICATE
MISMATCH = ErrorCode.CERTIFICATE_MISMATCH
OWN_KEY = forge.p256()
ROOT_KEY = ec.generate_private_key(ec.SECP384R1())
CA_CONSTRAINTS = (x509.BasicConstraints(ca=True, path_length=None), True)
SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Wish(NamedTuple):
    """A certificate as an outside PKI would make it, with `cryptography`'s builder."""

    subject: str = "Issuing"
    issuer: str = "Outside Root"
    key: Key = OWN_KEY
    signer: Key = ROOT_KEY
    constraints: tuple[x509.BasicConstraints, bool] | None = CA_CONSTRAINTS
    usage: x509.KeyUsage | None = SIGNS
    begins: timedelta = timedelta(days=-1)
    ends: timedelta = timedelta(days=300)
    sha1: bool = False
    sha224: bool = False
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()

    def der(self) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(self.subject))
            .issuer_name(named(self.issuer))
            .public_key(self.key.public_key())
            .serial_number(4096)
            .not_valid_before(NOW + self.begins)
            .not_valid_after(NOW + self.ends)
        )
        if self.constraints:
            builder = builder.add_extension(*self.constraints)
        if self.usage:
            builder = builder.add_extension(self.usage, critical=True)
        for extension, critical in self.extra:
            builder = builder.add_extension(extension, critical)
        made = builder.sign(self.signer, hashes.SHA224() if self.sha224 else hashes.SHA256()).public_bytes(
            serialization.Encoding.DER
        )
        return _with_sha1(made, self.signer) if self.sha1 else made


def _with_sha1(certificate: bytes, signer: Key) -> bytes:
    """The same, signed as `cryptography` no longer does."""
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    parts = [each.raw for each in der.single(certificate, der.SEQUENCE).children()[0].children()]
    tbs = forge.seq(*parts[:2], forge.ECDSA_SHA1, *parts[3:])
    signature = signer.sign(tbs, ec.ECDSA(hashes.SHA1()))
    return forge.seq(tbs, forge.ECDSA_SHA1, forge.tlv(3, b"\x00" + signature))


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)] if text else [])


OUTSIDE = Wish("Outside Root", key=ROOT_KEY, ends=timedelta(days=3000))
OWN = Wish()


def check(
    own: Wish | bytes, *above: Wish, kind: str = "SUBORDINATE", key: Key | None = None
) -> CaCertificate:
    certificate = own if isinstance(own, bytes) else pem.to_pem(own.der()).encode()
    chain = "\n".join(pem.to_pem(each.der()) for each in above).encode() or None
    spki = public_key_der((key or forge.p256()).public_key())
    return check_ca_certificate(certificate, chain, spki=spki, authority_type=kind, now=NOW)


def test_an_intermediate_that_an_offline_root_signed_is_taken() -> None:
    taken = check(OWN, OUTSIDE)
    parsed = x509.load_der_x509_certificate(taken.der)
    assert taken.serial == 4096
    assert (taken.not_before, taken.not_after) == (parsed.not_valid_before_utc, parsed.not_valid_after_utc)
    assert [x509.load_der_x509_certificate(der).subject for der in taken.chain_ders] == [
        named("Outside Root")
    ]


def test_a_root_that_signed_itself_is_taken() -> None:
    root = hierarchy.root()
    spki = public_key_der(root.key.public_key())
    taken = check_ca_certificate(
        pem.to_pem(root.der).encode(), None, spki=spki, authority_type="ROOT", now=NOW
    )
    assert (taken.der, taken.chain_ders) == (root.der, ())


@pytest.mark.parametrize("signing", ["ML_DSA_65", "SHA384WITHRSA_PSS"])
def test_newer_signature_algorithms_are_verified_too(signing: str) -> None:
    root = hierarchy.root(signing, "ML_DSA_65" if signing == "ML_DSA_65" else "RSA_2048")
    issuing = hierarchy.subordinate(root)
    chain = pem.to_pem(root.der).encode()
    spki = public_key_der(issuing.key.public_key())
    taken = check_ca_certificate(
        pem.to_pem(issuing.der).encode(), chain, spki=spki, authority_type="SUBORDINATE", now=NOW
    )
    assert taken.chain_ders == (root.der,)


def test_a_chain_of_three_is_taken_in_its_order_only() -> None:
    policy_key = ec.generate_private_key(ec.SECP256R1())
    policy = Wish("Policy", key=policy_key, ends=timedelta(days=1000))
    own = Wish(issuer="Policy", signer=policy_key)
    assert len(check(own, policy, OUTSIDE).chain_ders) == 2
    for wrong in ((OUTSIDE, policy), (policy,), (OUTSIDE,)):
        with pytest.raises(PrivySealError) as caught:
            check(own, *wrong)
        assert caught.value.code is MISMATCH


def test_a_key_change_of_the_root_does_not_count_as_a_level() -> None:
    """RFC 5280 §4.2.1.9: self-issued certificates are not counted against a path length."""
    new_key = ec.generate_private_key(ec.SECP256R1())
    root = OUTSIDE._replace(constraints=(x509.BasicConstraints(ca=True, path_length=1), True))
    changed = OUTSIDE._replace(key=new_key, ends=timedelta(days=2000))
    assert len(check(OWN._replace(signer=new_key), changed, root).chain_ders) == 2


LIMITED = x509.BasicConstraints(ca=True, path_length=0)
POINT = x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example/a")], None, None, None)
WRONG: dict[str, tuple[Callable[[], CaCertificate], ErrorCode]] = {
    "another key": (lambda: check(OWN, OUTSIDE, key=ROOT_KEY), MISMATCH),
    "signed by somebody else": (lambda: check(OWN._replace(signer=forge.p256()), OUTSIDE), MISMATCH),
    "names another issuer": (lambda: check(OWN._replace(issuer="Other Root"), OUTSIDE), MISMATCH),
    "a root that did not sign itself": (lambda: check(OWN, OUTSIDE._replace(signer=forge.p256())), MISMATCH),
    "a self-signed certificate for a subordinate": (
        lambda: check(OWN._replace(issuer="Issuing", signer=forge.p256()), OUTSIDE),
        MISMATCH,
    ),
    "a signed certificate for a root": (lambda: check(OWN, kind="ROOT"), MISMATCH),
    "a chain for a root": (
        lambda: check(OUTSIDE._replace(key=ROOT_KEY), OUTSIDE, kind="ROOT", key=ROOT_KEY),
        ErrorCode.INVALID_REQUEST,
    ),
    "no chain for a subordinate": (lambda: check(OWN), ErrorCode.INVALID_REQUEST),
    "a chain that starts with the certificate itself": (lambda: check(OWN, OWN, OUTSIDE), MISMATCH),
    "a chain whose root stands twice": (lambda: check(OWN, OUTSIDE, OUTSIDE._replace(subject="X")), MISMATCH),
    "expired": (lambda: check(OWN._replace(ends=timedelta(seconds=-1)), OUTSIDE), MISMATCH),
    "not valid yet": (lambda: check(OWN._replace(begins=timedelta(seconds=1)), OUTSIDE), MISMATCH),
    "under an expired root": (lambda: check(OWN, OUTSIDE._replace(ends=timedelta(seconds=-1))), MISMATCH),
    "ends after its issuer": (lambda: check(OWN, OUTSIDE._replace(ends=timedelta(days=299))), MISMATCH),
    "signed with SHA-224": (lambda: check(OWN._replace(sha224=True), OUTSIDE), MISMATCH),
    "under a root signed with SHA-224": (lambda: check(OWN, OUTSIDE._replace(sha224=True)), MISMATCH),
    "signed with SHA-1": (lambda: check(OWN._replace(sha1=True), OUTSIDE), MISMATCH),
    "deeper than its root allows": (
        lambda: check(OWN, OUTSIDE._replace(constraints=(LIMITED, True))),
        MISMATCH,
    ),
    "no basic constraints": (lambda: check(OWN._replace(constraints=None), OUTSIDE), MALFORMED),
    "basic constraints that are not critical": (
        lambda: check(OWN._replace(constraints=(CA_CONSTRAINTS[0], False)), OUTSIDE),
        MALFORMED,
    ),
    "not a CA": (
        lambda: check(
            OWN._replace(constraints=(x509.BasicConstraints(ca=False, path_length=None), True)), OUTSIDE
        ),
        MALFORMED,
    ),
    "a root that is not a CA": (lambda: check(OWN, OUTSIDE._replace(constraints=None)), MALFORMED),
    "a key usage that does not sign": (
        lambda: check(OWN._replace(usage=_encipher_only_usage()), OUTSIDE),
        MALFORMED,
    ),
    "no subject": (lambda: check(OWN._replace(subject=""), OUTSIDE), MALFORMED),
    "a critical CRL distribution point": (
        lambda: check(OWN._replace(extra=((x509.CRLDistributionPoints([POINT]), True),)), OUTSIDE),
        MALFORMED,
    ),
    "an unknown critical extension": (
        lambda: check(
            OWN._replace(
                extra=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
            ),
            OUTSIDE,
        ),
        MALFORMED,
    ),
    "a weak root": (
        lambda: check(
            OWN._replace(signer=_weak_rsa()),
            OUTSIDE._replace(key=_weak_rsa(), signer=_weak_rsa()),
        ),
        MALFORMED,
    ),
    "no PEM": (lambda: check(b"certificate", OUTSIDE), MALFORMED),
    "DER": (lambda: check(OWN.der(), OUTSIDE), MALFORMED),
    "another label": (lambda: check(pem.to_pem(OWN.der(), "X509 CRL").encode(), OUTSIDE), MALFORMED),
    "two certificates": (lambda: check((pem.to_pem(OWN.der()) + "\n").encode() * 2, OUTSIDE), MALFORMED),
    "something after it": (lambda: check(pem.to_pem(OWN.der() + b"\x00").encode(), OUTSIDE), MALFORMED),
    "33 kB": (lambda: check(b"#" * 32_769, OUTSIDE), MALFORMED),
    "a chain of eleven": (lambda: check(OWN, *[OUTSIDE] * 11), MALFORMED),
}


# What the refusal says, so that no other check is the one that refuses.
REASONS = {
    "another key": "another key",
    "signed by somebody else": "was not signed by",
    "names another issuer": "was not signed by",
    "a root that did not sign itself": "CN=Outside Root was not signed by CN=Outside Root",
    "a self-signed certificate for a subordinate": "not by itself",
    "a signed certificate for a root": "is signed by itself; this one is not",
    "a chain for a root": "leave it out",
    "no chain for a subordinate": "needs its certificate chain",
    "a chain that starts with the certificate itself": "was not signed by",
    "a chain whose root stands twice": "does not end with a root",
    "expired": "CN=Issuing is not valid now",
    "not valid yet": "CN=Issuing is not valid now",
    "under an expired root": "CN=Outside Root is not valid now",
    "ends after its issuer": "ends after its issuer's",
    "under a root signed with SHA-224": "CN=Outside Root was not .* not with SHA-256 or better",
    "signed with SHA-224": "not with SHA-256 or better",
    "signed with SHA-1": "not with SHA-256 or better",
    "deeper than its root allows": "deeper than a path length",
    "no basic constraints": "critical basic constraints",
    "basic constraints that are not critical": "critical basic constraints",
    "not a CA": "critical basic constraints",
    "a root that is not a CA": "chain cannot be used: a CA certificate has critical basic constraints",
    "a key usage that does not sign": "contains keyCertSign",
    "no subject": "has a subject",
    "a critical CRL distribution point": "2.5.29.31 must not be critical",
    "an unknown critical extension": "1.2.3.4 must not be critical",
    "a weak root": "1024 bits",
    "no PEM": "there is no line",
    "DER": "there is no line",
    "another label": "is not exactly",
    "two certificates": "more PEM blocks than 1",
    "something after it": "elements where there must be one|the data ends",
    "33 kB": "32769 octets",
    "a chain of eleven": "more PEM blocks than 10",
}


def test_every_refusal_has_its_reason_here() -> None:
    assert set(REASONS) == set(WRONG)


def _weak_rsa() -> rsa.RSAPrivateKey:
    return WEAK


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def _encipher_only_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.mark.parametrize("row", WRONG)
def test_what_aws_would_not_take_is_refused(row: str) -> None:
    act, code = WRONG[row]
    with pytest.raises(PrivySealError, match=REASONS[row]) as caught:
        act()
    assert caught.value.code is code, caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("allowed", [0, 1, 5, None])
def test_an_issuer_is_bound_by_the_path_lengths_above_it(allowed: int | None) -> None:
    """A parent's word counts even where the authority's own certificate says nothing."""
    constraints = (x509.BasicConstraints(ca=True, path_length=allowed), True)
    root = OUTSIDE._replace(constraints=constraints)
    issuer = issuer_from_certificate(OWN.der(), pem.to_pem(root.der()))
    assert issuer.path_length == (None if allowed is None else allowed - 1)
    own = OWN._replace(constraints=(x509.BasicConstraints(ca=True, path_length=2), True))
    both = issuer_from_certificate(own.der(), pem.to_pem(root.der())).path_length
    assert both == (2 if allowed is None else min(2, allowed - 1))


def test_an_issuer_without_key_identifier_is_known_by_the_hash_of_its_key() -> None:
    """As AWS has it; with one, it is known by that."""
    expected = x509.SubjectKeyIdentifier.from_public_key(forge.p256().public_key()).digest
    assert issuer_from_certificate(OWN.der()).key_id == expected
    own = OWN._replace(extra=((x509.SubjectKeyIdentifier(b"chosen"), False),))
    assert issuer_from_certificate(own.der()).key_id == b"chosen"


def test_only_a_ca_certificate_makes_an_issuer() -> None:
    with pytest.raises(PrivySealError) as caught:
        issuer_from_certificate(OWN._replace(constraints=None).der())
    assert caught.value.code is MALFORMED


def test_the_chain_has_a_limit_of_its_own() -> None:
    """2 MB, as in the service model; more is not even searched for certificates."""
    own = pem.to_pem(OWN.der()).encode()
    spki = public_key_der(OWN_KEY.public_key())
    with pytest.raises(PrivySealError, match="2097153 octets") as caught:
        check_ca_certificate(own, b"#" * (MAX_CHAIN + 1), spki=spki, authority_type="SUBORDINATE", now=NOW)
    assert caught.value.code is MALFORMED
