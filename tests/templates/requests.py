"""A CSR and an ApiPassthrough that each ask for everything, also for what is not theirs to say."""

import base64
from typing import Any

from tests.templates.expected import BOTH, ONLY_API, ONLY_CSR
from tests.x509 import forge

BASIC_CONSTRAINTS, SUBJECT_KEY_ID, AUTHORITY_KEY_ID = "2.5.29.19", "2.5.29.14", "2.5.29.35"
KEY_USAGE, EXTENDED_KEY_USAGE, POINTS, POLICIES = "2.5.29.15", "2.5.29.37", "2.5.29.31", "2.5.29.32"
EMAIL_PROTECTION, TIME_STAMPING = "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.8"

# What nobody but the template may say: a CA of path length 9, key identifiers of other keys.
CA_OF_9 = forge.seq(b"\x01\x01\xff", b"\x02\x01\x09")
FOREIGN_KEY_ID = forge.tlv(0x04, b"\x01" * 20)
FOREIGN_AUTHORITY = forge.seq(forge.tlv(0x80, b"\x01" * 20))


def crl_at(url: str) -> bytes:
    """CRLDistributionPoints with one full name."""
    return forge.seq(forge.seq(forge.tlv(0xA0, forge.tlv(0xA0, forge.tlv(0x86, url.encode())))))


def csr(*, for_authority: bool) -> bytes:
    """PEM; what it asks for names it `csr`."""
    usage = b"\x03\x02\x02\x04" if for_authority else b"\x03\x02\x06\x40"  # keyCertSign; nonRepudiation
    asked = forge.request(
        forge.san(forge.dns("csr.example")),
        forge.extension(BASIC_CONSTRAINTS, CA_OF_9, critical=True),
        forge.extension(SUBJECT_KEY_ID, FOREIGN_KEY_ID),
        forge.extension(AUTHORITY_KEY_ID, FOREIGN_AUTHORITY),
        forge.extension(KEY_USAGE, usage, critical=True),
        forge.extension(EXTENDED_KEY_USAGE, forge.seq(forge.oid(EMAIL_PROTECTION))),
        forge.extension(POINTS, crl_at("http://csr.example/crl")),
        forge.extension(POLICIES, forge.seq(forge.seq(forge.oid("1.3.6.1.4.1.99999.10")))),
        forge.extension(ONLY_CSR, forge.tlv(forge.UTF8, b"csr"), critical=True),
        forge.extension(BOTH, forge.tlv(forge.UTF8, b"csr")),
    )
    subject = forge.name(forge.attribute(forge.ORGANIZATION, "Csr"), forge.attribute(forge.CN, "csr.example"))
    return forge.armour(forge.csr(subject=subject, attributes=[asked]))


def plain_csr() -> bytes:
    asked = forge.request(forge.san(forge.dns("csr.example")))
    return forge.armour(forge.csr(subject=forge.cn("csr.example"), attributes=[asked]))


def custom(oid: str, value: bytes, **more: bool) -> dict[str, Any]:
    return {"ObjectIdentifier": oid, "Value": base64.b64encode(value).decode(), **more}


def api(*, for_authority: bool, authority_key_id: bytes = FOREIGN_AUTHORITY) -> dict[str, Any]:
    """An ApiPassthrough; what it asks for names it `api`."""
    usage = ("KeyCertSign", "CRLSign") if for_authority else ("DigitalSignature", "KeyAgreement")
    policy = {
        "CertPolicyId": "1.3.6.1.4.1.99999.20",
        "PolicyQualifiers": [{"PolicyQualifierId": "CPS", "Qualifier": {"CpsUri": "http://api.example/cps"}}],
    }
    return {
        "Subject": {"Organization": "Api", "CommonName": "api.example"},
        "Extensions": {
            "SubjectAlternativeNames": [{"DnsName": "api.example"}],
            "KeyUsage": dict.fromkeys(usage, True),
            "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "TIME_STAMPING"}],
            "CertificatePolicies": [policy],
            "CustomExtensions": [
                custom(BASIC_CONSTRAINTS, CA_OF_9, Critical=True),
                custom(SUBJECT_KEY_ID, FOREIGN_KEY_ID),
                custom(AUTHORITY_KEY_ID, authority_key_id),
                custom(POINTS, crl_at("http://api.example/crl")),
                custom(ONLY_API, forge.tlv(forge.UTF8, b"api"), Critical=True),
                custom(BOTH, forge.tlv(forge.UTF8, b"api"), Critical=False),
            ],
        },
    }
