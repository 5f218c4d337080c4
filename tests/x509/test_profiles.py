"""The profiles are AWS's templates, extension by extension."""

from collections import Counter

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.csr import parse_der
from privyseal.x509.profiles import DEFAULT, PROFILES, profile_for, template_kind
from tests.x509 import forge, hierarchy

ARN = "arn:aws:acm-pca:::template/"
SIGNS = {"digital_signature", "key_cert_sign", "crl_sign"}
USES = {"digital_signature", "key_encipherment"}
BOTH = [Purpose.SERVER_AUTH, Purpose.CLIENT_AUTH]
# AWS Private CA user guide, "Template definitions":
# template → (CA, path length, basic constraints critical, key usage, extended key usage, AKI)
AWS = {
    "RootCACertificate": (True, None, True, SIGNS, None, False),
    "SubordinateCACertificate_PathLen0": (True, 0, True, SIGNS, None, True),
    "SubordinateCACertificate_PathLen1": (True, 1, True, SIGNS, None, True),
    "SubordinateCACertificate_PathLen2": (True, 2, True, SIGNS, None, True),
    "SubordinateCACertificate_PathLen3": (True, 3, True, SIGNS, None, True),
    "EndEntityCertificate": (False, None, False, USES, BOTH, True),
    "EndEntityClientAuthCertificate": (False, None, False, USES, [Purpose.CLIENT_AUTH], True),
    "EndEntityServerAuthCertificate": (False, None, False, USES, [Purpose.SERVER_AUTH], True),
}


def test_the_table_here_covers_every_base_template_for_names_and_authorities() -> None:
    """tests/templates covers all 61, through the service."""
    base = {
        name.removesuffix("/V1") for name, row in PROFILES.items() if not (row.takes_api or row.takes_csr)
    }
    assert base - set(AWS) == {"CodeSigningCertificate", "OCSPSigningCertificate"}


@pytest.mark.parametrize("template", AWS)
def test_a_certificate_has_the_extensions_of_its_template_and_no_others(template: str) -> None:
    ca, path_length, critical, usages, purposes, has_aki = AWS[template]
    root = hierarchy.root()
    asked = parse_der(forge.csr())
    der = hierarchy.issue(root, template, asked) if has_aki else root.der
    parsed = x509.load_der_x509_certificate(der)
    found = {type(e.value): e for e in parsed.extensions}
    constraints = found.pop(x509.BasicConstraints)
    assert (constraints.critical, constraints.value) == (critical, x509.BasicConstraints(ca, path_length))
    usage = found.pop(x509.KeyUsage)
    names = [
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign"),
    ]
    assert usage.critical
    assert {name for name in names if getattr(usage.value, name)} == usages
    identifier = found.pop(x509.SubjectKeyIdentifier)
    assert not identifier.critical
    assert identifier.value == x509.SubjectKeyIdentifier.from_public_key(parsed.public_key())
    if purposes is not None:
        purpose = found.pop(x509.ExtendedKeyUsage)
        assert (purpose.critical, list(purpose.value)) == (False, purposes)
    if has_aki:
        issuer = found.pop(x509.AuthorityKeyIdentifier)
        own = x509.load_der_x509_certificate(root.der).extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        )
        expected = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)
        assert (issuer.critical, issuer.value) == (False, expected)
    assert not found


def test_without_a_template_it_is_the_end_entity_certificate() -> None:
    """AWS's default."""
    assert profile_for(None, "aws") is DEFAULT
    assert DEFAULT.name == "EndEntityCertificate/V1"


def test_a_template_is_named_in_the_partition_of_its_region() -> None:
    name = "RootCACertificate/V1"
    assert profile_for(f"arn:aws-cn:acm-pca:::template/{name}", "aws-cn") is PROFILES[name]
    with pytest.raises(PrivySealError) as caught:
        profile_for(f"arn:aws-cn:acm-pca:::template/{name}", "aws")
    assert caught.value.code is ErrorCode.INVALID_ARN


def test_the_61_templates_of_aws_are_there_and_no_others() -> None:
    """Base 10, CSRPassthrough 15, APIPassthrough 21, APICSRPassthrough 15."""
    counted = Counter((profile.takes_api, profile.takes_csr) for profile in PROFILES.values())
    assert counted == {(False, False): 10, (False, True): 15, (True, False): 21, (True, True): 15}


def test_a_template_that_does_not_exist_is_answered_with_its_neighbours() -> None:
    with pytest.raises(PrivySealError, match="SubordinateCACertificate_PathLen3/V1") as caught:
        profile_for(f"{ARN}SubordinateCACertificate_PathLen4/V1", "aws")
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"{ARN}EndEntityCertificate/V2", ErrorCode.INVALID_ARGUMENT),
        (f"{ARN}endentitycertificate/V1", ErrorCode.INVALID_ARGUMENT),
        (f"{ARN}WebServer/V1", ErrorCode.INVALID_ARGUMENT),
        (f"{ARN}EndEntityCertificate", ErrorCode.INVALID_ARN),
        (f"{ARN}EndEntityCertificate/V1\n", ErrorCode.INVALID_ARN),
        (f"{ARN}EndEntityCertificate/V1/..", ErrorCode.INVALID_ARN),
        ("EndEntityCertificate/V1", ErrorCode.INVALID_ARN),
        ("arn:aws:acm-pca:us-east-1::template/EndEntityCertificate/V1", ErrorCode.INVALID_ARN),
        ("", ErrorCode.INVALID_ARN),
    ],
)
def test_what_is_no_template_is_refused(arn: str, code: ErrorCode) -> None:
    with pytest.raises(PrivySealError) as caught:
        profile_for(arn, "aws")
    assert caught.value.code is code
    assert caught.value.message.isprintable()


def test_a_stored_template_name_tells_its_kind() -> None:
    kinds = {name: template_kind(name) for name in PROFILES}
    assert kinds["RootCACertificate/V1"] == "root"
    assert kinds["SubordinateCACertificate_PathLen2/V1"] == "subordinate"
    assert kinds["EndEntityServerAuthCertificate/V1"] == "end-entity"
