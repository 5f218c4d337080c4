"""All 61 templates, issued by the running service, judged by openssl and pkilint."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.templates import expected, openssl_text, requests
from tests.templates.conftest import Scene, own_key_id
from tests.x509 import forge, judges

TEMPLATES = expected.rows()


def is_authority(template: str) -> bool:
    return "TRUE" in TEMPLATES[template][0]


def is_root(template: str) -> bool:
    return "RootCA" in template


def own_authority_key_id(csr: bytes) -> bytes:
    """The AKI that a root takes from the call only if it names the root's own key."""
    key = x509.load_pem_x509_csr(csr).public_key()
    return forge.seq(forge.tlv(0x80, x509.SubjectKeyIdentifier.from_public_key(key).digest))


def issued(scene: Scene, template: str) -> str:
    """With a CSR and a call that both ask for everything; a root's CSR is its authority's own."""
    if is_root(template):
        csr = scene.csr_of(scene.pending)
        asked = requests.api(for_authority=True, authority_key_id=own_authority_key_id(csr))
        return scene.issue(scene.pending, csr, template, ApiPassthrough=asked)
    csr = requests.csr(for_authority=is_authority(template))
    asked = requests.api(for_authority=is_authority(template))
    return scene.issue(scene.root, csr, template, ApiPassthrough=asked)


def of_pending_root(template: str, found: expected.Extensions) -> tuple[str, expected.Extensions]:
    """(subject, extensions) where the CSR is the service's own, which has no alternative names."""
    subject = "CN=Templates Pending Root,O=MyCompany,C=US"
    if TEMPLATES[template][4] == "api":
        return expected.subject(template), found
    return subject, {name: value for name, value in found.items() if name != "Subject Alternative Name"}


def test_there_are_61_templates() -> None:
    """Base 10, CSRPassthrough 15, APIPassthrough 21, APICSRPassthrough 15."""
    suffixes = [name.rpartition("_")[2] for name in TEMPLATES]
    passing = [suffixes.count(f"{kind}Passthrough") for kind in ("CSR", "API", "APICSR")]
    assert (passing, len(suffixes)) == ([15, 21, 15], 61)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_gives_its_extensions_and_passes_its_own_through(scene: Scene, template: str) -> None:
    """Every extension with its criticality and value, and none besides."""
    pem = issued(scene, template)
    own = own_key_id(pem)
    wanted = expected.extensions(template, own, scene.root_key_id)
    subject = expected.subject(template)
    if is_root(template):
        subject, wanted = of_pending_root(template, wanted)
        assert openssl_text.issuer(pem) == subject
    assert openssl_text.extensions(pem) == wanted
    assert openssl_text.subject(pem) == subject
    x509.load_pem_x509_certificate(pem.encode()).extensions  # noqa: B018 - another reader takes all of them


# What pkilint may find above INFO: code → (in which templates, why it is not ours to change).
ALLOWED: dict[str, tuple[Callable[[str], bool], str]] = {
    "pkix.key_usage_value_prohibited_for_ec": (
        lambda template: "KE" in TEMPLATES[template][1],
        "AWS template definitions: keyEncipherment in every such certificate, whatever its key",
    ),
    "pkix.certificate_policies_policy_has_qualifier": (
        lambda template: TEMPLATES[template][6] in {"api", "both"},
        "the call asks for the CPS qualifier that the service model offers; RFC 5280 advises against it",
    ),
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_pkilint_finds_what_template_and_call_ask_for_and_nothing_else(scene: Scene, template: str) -> None:
    """An allowance that is not used fails too."""
    certificate = x509.load_pem_x509_certificate(issued(scene, template).encode())
    found = {code for _, code in judges.pkilint_findings(certificate.public_bytes(Encoding.DER))}
    assert found == {code for code, (applies, _) in ALLOWED.items() if applies(template)}
