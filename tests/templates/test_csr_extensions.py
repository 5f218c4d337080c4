"""What CreateCertificateAuthority puts into the authority's CSR, and what becomes of it on the way."""

import subprocess
from typing import Any

import pytest

from tests.e2e.boto import EC_CONFIGURATION
from tests.programs import program
from tests.templates import openssl_text
from tests.templates.conftest import Scene
from tests.templates.test_values import MEMBERS, SUBJECT

PLACE = "https://ca.example/repository/"
EXTENSIONS = {
    "KeyUsage": {"KeyCertSign": True, "CRLSign": True},
    "SubjectInformationAccess": [
        {
            "AccessMethod": {"AccessMethodType": "CA_REPOSITORY"},
            "AccessLocation": {"UniformResourceIdentifier": PLACE},
        }
    ],
}


def create(scene: Scene, **more: Any) -> str:
    made = scene.pca.create_certificate_authority(
        CertificateAuthorityConfiguration=EC_CONFIGURATION | more, CertificateAuthorityType="SUBORDINATE"
    )
    return str(made["CertificateAuthorityArn"])


@pytest.fixture(scope="module")
def subordinate(scene: Scene) -> str:
    return create(scene, CsrExtensions=EXTENSIONS)


def text_of(csr: bytes) -> str:
    """As `openssl req` shows it, once it has verified the signature."""
    command = [program("openssl"), "req", "-verify", "-noout", "-text", "-nameopt", "RFC2253"]
    done = subprocess.run(command, input=csr, capture_output=True, check=True)
    assert b"verify OK" in done.stderr + done.stdout
    return done.stdout.decode()


def test_the_csr_asks_for_what_the_authority_was_made_with(scene: Scene, subordinate: str) -> None:
    text = text_of(scene.csr_of(subordinate))
    assert "X509v3 Key Usage: critical\n                    Certificate Sign, CRL Sign" in text
    assert f"CA Repository - URI:{PLACE}" in text


def test_describe_gives_it_back(scene: Scene, subordinate: str) -> None:
    described = scene.pca.describe_certificate_authority(CertificateAuthorityArn=subordinate)
    configuration = described["CertificateAuthority"]["CertificateAuthorityConfiguration"]
    assert configuration["CsrExtensions"] == EXTENSIONS


@pytest.mark.parametrize(
    ("template", "usage", "has_place"),
    [
        ("SubordinateCACertificate_PathLen0", "Digital Signature, Certificate Sign, CRL Sign", False),
        (
            "SubordinateCACertificate_PathLen0_CSRPassthrough",
            "Digital Signature, Certificate Sign, CRL Sign",
            True,
        ),
        ("BlankSubordinateCACertificate_PathLen0_CSRPassthrough", "Certificate Sign, CRL Sign", True),
    ],
)
def test_a_certificate_has_it_where_the_template_lets_it(
    scene: Scene, subordinate: str, template: str, usage: str, has_place: bool
) -> None:
    pem = scene.issue(scene.root, scene.csr_of(subordinate), template)
    found = openssl_text.extensions(pem)
    assert found["Key Usage"] == (True, usage)
    place = found.get("Subject Information Access")
    assert place == ((False, f"CA Repository - URI:{PLACE}") if has_place else None)


def test_an_authority_s_name_has_every_member(scene: Scene) -> None:
    """And a certificate of it the same."""
    arn = create(scene, Subject=MEMBERS)
    assert f"Subject: {SUBJECT}\n" in text_of(scene.csr_of(arn))
    pem = scene.issue(scene.root, scene.csr_of(arn), "SubordinateCACertificate_PathLen0")
    assert openssl_text.subject(pem) == SUBJECT


def test_an_authority_s_name_can_be_of_custom_attributes(scene: Scene) -> None:
    """Such as Matter's, which are the whole name."""
    attributes = [{"ObjectIdentifier": "1.3.6.1.4.1.37244.1.3", "Value": "CACACACA00000003"}]
    arn = create(scene, Subject={"CustomAttributes": attributes})
    encoded = "#0C1043414341434143413030303030303033"
    assert f"Subject: 1.3.6.1.4.1.37244.1.3={encoded}\n" in text_of(scene.csr_of(arn))


def test_an_access_method_of_two_kinds_is_refused(scene: Scene) -> None:
    method = {"AccessMethodType": "CA_REPOSITORY", "CustomObjectIdentifier": "1.2.3.4"}
    place = {"AccessMethod": method, "AccessLocation": {"UniformResourceIdentifier": PLACE}}
    with pytest.raises(scene.pca.exceptions.InvalidArgsException, match="not exactly one of"):
        create(scene, CsrExtensions={"SubjectInformationAccess": [place]})
