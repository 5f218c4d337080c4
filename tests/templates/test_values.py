"""Every member of an ApiPassthrough, through the service in both protocols, as openssl shows it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.boto import PROTOCOLS, client
from tests.templates import openssl_text, requests
from tests.templates.conftest import Scene

OWN = "1.3.6.1.4.1.99999.7"

NAMES = {
    "email:a@b.example": {"Rfc822Name": "a@b.example"},
    "DNS:*.b.example": {"DnsName": "*.b.example"},
    "URI:spiffe://b.example/x": {"UniformResourceIdentifier": "spiffe://b.example/x"},
    "IP Address:192.0.2.1": {"IpAddress": "192.0.2.1"},
    "IP Address:2001:DB8:0:0:0:0:0:1": {"IpAddress": "2001:db8::1"},
    "Registered ID:1.2.3.4.5": {"RegisteredId": "1.2.3.4.5"},
    "DirName:/C=CH/O=Example": {"DirectoryName": {"Country": "CH", "Organization": "Example"}},
    "othername: UPN::u@b.example": {
        "OtherName": {"TypeId": "1.3.6.1.4.1.311.20.2.3", "Value": "u@b.example"}
    },
    "EdiPartyName:<unsupported>": {"EdiPartyName": {"PartyName": "party", "NameAssigner": "assigner"}},
}
PURPOSES = {
    "TLS Web Server Authentication": {"ExtendedKeyUsageType": "SERVER_AUTH"},
    "TLS Web Client Authentication": {"ExtendedKeyUsageType": "CLIENT_AUTH"},
    "Code Signing": {"ExtendedKeyUsageType": "CODE_SIGNING"},
    "E-mail Protection": {"ExtendedKeyUsageType": "EMAIL_PROTECTION"},
    "Time Stamping": {"ExtendedKeyUsageType": "TIME_STAMPING"},
    "OCSP Signing": {"ExtendedKeyUsageType": "OCSP_SIGNING"},
    "Microsoft Smartcard Login": {"ExtendedKeyUsageType": "SMART_CARD_LOGIN"},
    "1.3.6.1.4.1.311.10.3.12": {"ExtendedKeyUsageType": "DOCUMENT_SIGNING"},
    "CT Precertificate Signer": {"ExtendedKeyUsageType": "CERTIFICATE_TRANSPARENCY"},
    OWN: {"ExtendedKeyUsageObjectIdentifier": OWN},
}
USAGES = {
    "Digital Signature": "DigitalSignature",
    "Non Repudiation": "NonRepudiation",
    "Key Encipherment": "KeyEncipherment",
    "Data Encipherment": "DataEncipherment",
    "Key Agreement": "KeyAgreement",
    "CRL Sign": "CRLSign",
    "Encipher Only": "EncipherOnly",
    "Decipher Only": "DecipherOnly",
}
# Every member of ASN1Subject in the order of the service model, and in openssl's RFC 2253 form.
MEMBERS = {
    "Country": "CH",
    "Organization": "Example",
    "OrganizationalUnit": "PKI",
    "DistinguishedNameQualifier": "7",
    "State": "ZH",
    "CommonName": "Device",
    "SerialNumber": "0042",
    "Locality": "Zurich",
    "Title": "Dr",
    "Surname": "Muster",
    "GivenName": "A",
    "Initials": "AM",
    "Pseudonym": "am",
    "GenerationQualifier": "II",
}
SUBJECT = (
    "generationQualifier=II,pseudonym=am,initials=AM,GN=A,SN=Muster,title=Dr,L=Zurich,"
    "serialNumber=0042,CN=Device,ST=ZH,dnQualifier=7,OU=PKI,O=Example,C=CH"
)


@pytest.fixture(scope="module", params=PROTOCOLS)
def passed(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Any]:
    """The certificate that a passthrough makes of a plain CSR."""
    with client(scene.service, protocol=request.param) as pca:
        own = Scene(scene.service, pca)
        yield lambda **asked: own.issue(
            scene.root, requests.plain_csr(), "BlankEndEntityCertificate_APIPassthrough", ApiPassthrough=asked
        )


def test_alternative_names_of_every_kind(passed: Any) -> None:
    pem = passed(Extensions={"SubjectAlternativeNames": list(NAMES.values())})
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, ", ".join(NAMES))


def test_key_purposes_of_every_type_and_by_number(passed: Any) -> None:
    pem = passed(Extensions={"ExtendedKeyUsage": list(PURPOSES.values())})
    assert openssl_text.extensions(pem)["Extended Key Usage"] == (False, ", ".join(PURPOSES))


def test_key_usages_that_a_leaf_may_have(passed: Any) -> None:
    """All but keyCertSign, which is tested with the authorities that must have it."""
    asked = dict.fromkeys(USAGES.values(), True) | {"KeyCertSign": False}
    pem = passed(Extensions={"KeyUsage": asked})
    assert openssl_text.extensions(pem)["Key Usage"] == (True, ", ".join(USAGES))


def test_policies_with_and_without_their_statements(passed: Any) -> None:
    statements = [
        {"PolicyQualifierId": "CPS", "Qualifier": {"CpsUri": f"https://b.example/{n}"}} for n in (1, 2)
    ]
    policies = [{"CertPolicyId": OWN}, {"CertPolicyId": "2.23.140.1.2.1", "PolicyQualifiers": statements}]
    pem = passed(Extensions={"CertificatePolicies": policies})
    said = f"Policy: {OWN} Policy: 2.23.140.1.2.1 CPS: https://b.example/1 CPS: https://b.example/2"
    assert openssl_text.extensions(pem)["Certificate Policies"] == (False, said)


def test_a_subject_of_every_member(passed: Any) -> None:
    assert openssl_text.subject(passed(Subject=MEMBERS)) == SUBJECT


def test_a_subject_of_custom_attributes(passed: Any) -> None:
    """In their order, as often as they are given; types that nobody knows as UTF8String."""
    custom = [
        ("2.5.4.3", "Matter Test"),
        ("0.9.2342.19200300.100.1.25", "example"),
        ("2.5.4.11", "one"),
        ("2.5.4.11", "two"),
        ("1.3.6.1.4.1.37244.2.1", "FFF1"),
    ]
    attributes = [{"ObjectIdentifier": oid, "Value": text} for oid, text in custom]
    pem = passed(Subject={"CustomAttributes": attributes})
    assert openssl_text.subject(pem) == (
        "1.3.6.1.4.1.37244.2.1=#0C0446464631,OU=two,OU=one,DC=example,CN=Matter Test"
    )
