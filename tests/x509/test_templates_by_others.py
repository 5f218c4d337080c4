"""Certificates of every algorithm and template, judged by software that is not ours."""

from pathlib import Path

import pytest
from cryptography import x509

from privyseal.x509.algorithms import KEY_ALGORITHMS, SIGNING_ALGORITHMS
from privyseal.x509.csr import parse_der
from privyseal.x509.profiles import END_ENTITY, ROOT
from tests.x509 import forge, hierarchy, judges

# One key algorithm for each family's signing algorithms, and each key algorithm with its default.
PAIRS = sorted(
    {(row.default_signing, row.name) for row in KEY_ALGORITHMS.values()}
    | {(name, "RSA_2048") for name, row in SIGNING_ALGORITHMS.items() if row.family == "RSA"}
    | {(name, "EC_prime256v1") for name, row in SIGNING_ALGORITHMS.items() if row.family == "ECDSA"}
)
# The templates of everyday; all 61 are in tests/templates, with an algorithm each.
TEMPLATES = [
    "RootCACertificate",
    *(f"SubordinateCACertificate_PathLen{n}" for n in range(4)),
    "EndEntityCertificate",
    "EndEntityClientAuthCertificate",
    "EndEntityServerAuthCertificate",
]
# What pkilint finds in our certificates: (template, code, signing algorithm or "any") → AWS's fact.
# The leaves have an EC key and a wildcard name.
_ENCIPHERMENT = "AWS template definitions: keyEncipherment in every end-entity certificate, whatever its key"
_WILDCARD = "AWS template definitions: names are passed through from the CSR; TLS knows wildcards (RFC 6125)"
_NO_AKI = "AWS template definitions: a root has no AKI; pkilint cannot check that an ML-DSA root signs itself"
ALLOWED: dict[tuple[str, str, str], str] = {
    (template, code, "any"): fact
    for template in (
        "EndEntityCertificate",
        "EndEntityClientAuthCertificate",
        "EndEntityServerAuthCertificate",
    )
    for code, fact in (
        ("pkix.key_usage_value_prohibited_for_ec", _ENCIPHERMENT),
        ("pkix.invalid_domain_name_syntax", _WILDCARD),
    )
} | {
    ("RootCACertificate", "pkix.aki_absent_self_issued_and_unsupported_algorithm", signing): _NO_AKI
    for signing in ("ML_DSA_44", "ML_DSA_65", "ML_DSA_87")
}


def leaf_csr() -> bytes:
    names = forge.request(forge.san(forge.dns("app.example"), forge.dns("*.app.example")))
    return forge.csr(subject=forge.cn("app.example"), attributes=[names])


def certificate(template: str, signing: str, key_algorithm: str) -> tuple[bytes, tuple[bytes, ...]]:
    """(certificate, what is above it)."""
    root = hierarchy.root(signing, key_algorithm)
    profile = hierarchy.profile(template)
    if profile.kind == ROOT:
        return root.der, ()
    if profile.kind == END_ENTITY:
        asked = parse_der(leaf_csr())
    else:
        asked = hierarchy.request("Issuing", hierarchy.key_of("EC_prime256v1 sub"), "SHA256WITHECDSA")
    return hierarchy.issue(root, template, asked), root.path


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("signing", "key_algorithm"), PAIRS)
def test_every_algorithm_signs_every_template(
    signing: str, key_algorithm: str, template: str, tmp_path: Path
) -> None:
    """`cryptography` finds the chain right; openssl, or a second ML-DSA, does too."""
    der, above = certificate(template, signing, key_algorithm)
    issuer = above[0] if above else der
    x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    if signing.startswith("ML_DSA"):
        assert judges.second_ml_dsa_verifies(signing, judges.spki(issuer), der)
    else:
        judges.openssl_verifies(tmp_path, der, *above)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("signing", "key_algorithm"), PAIRS)
def test_pkilint_finds_what_the_template_asks_for_and_nothing_else(
    signing: str, key_algorithm: str, template: str
) -> None:
    """An allowance that is not used fails too."""
    der, _ = certificate(template, signing, key_algorithm)
    allowed = {code for row, code, algorithm in ALLOWED if row == template and algorithm in {signing, "any"}}
    assert {code for _, code in judges.pkilint_findings(der)} == allowed


def test_pkilint_finds_nothing_in_a_server_certificate_with_an_rsa_key_and_a_plain_name() -> None:
    names = forge.request(forge.san(forge.dns("app.example")))
    asked = parse_der(forge.csr(forge.rsa2048(), subject=forge.cn("app.example"), attributes=[names]))
    assert judges.pkilint_findings(hierarchy.issue(hierarchy.root(), "EndEntityCertificate", asked)) == set()


def test_signing_names_the_algorithm_that_was_asked_for() -> None:
    """The identifiers inside and outside of the signed part are the same octets."""
    for signing, key_algorithm in PAIRS:
        der, _ = certificate("EndEntityCertificate", signing, key_algorithm)
        row = SIGNING_ALGORITHMS[signing]
        assert der.count(row.identifier) == 2
        digest = x509.load_der_x509_certificate(der).signature_hash_algorithm
        assert (digest.name if digest else None) == (row.digest.name if row.digest else None)


@pytest.mark.parametrize(
    ("template", "purpose", "right"),
    [
        ("EndEntityCertificate", "sslserver", True),
        ("EndEntityCertificate", "sslclient", True),
        ("EndEntityServerAuthCertificate", "sslserver", True),
        ("EndEntityServerAuthCertificate", "sslclient", False),
        ("EndEntityClientAuthCertificate", "sslclient", True),
        ("EndEntityClientAuthCertificate", "sslserver", False),
    ],
)
def test_a_template_gives_its_purposes_and_no_others(
    template: str, purpose: str, right: bool, tmp_path: Path
) -> None:
    """As openssl judges them, through an intermediate authority."""
    issuing = hierarchy.subordinate()
    der = hierarchy.issue(issuing, template, parse_der(leaf_csr()))
    if right:
        judges.openssl_verifies(tmp_path, der, *issuing.path, purpose=purpose)
    else:
        with pytest.raises(AssertionError, match="purpose"):
            judges.openssl_verifies(tmp_path, der, *issuing.path, purpose=purpose)


def test_four_levels_of_subordinates_verify(tmp_path: Path) -> None:
    """PathLen3 → 2 → 1 → 0 → leaf."""
    authority = hierarchy.root()
    for path_length in (3, 2, 1, 0):
        authority = hierarchy.subordinate(authority, path_length)
    der = hierarchy.issue(authority, "EndEntityCertificate", parse_der(leaf_csr()))
    judges.openssl_verifies(tmp_path, der, *authority.path, purpose="sslserver")
