"""Items of serverless-ca's table, attribute by attribute.

A certificate is base64 of its PEM, as bytes: DynamoDB's JSON and its console show bytes in base64 again,
which is why its users decode twice.
"""

import base64

from privyseal.serverless import responses
from privyseal.serverless.model import Noted
from privyseal.serverless.notice_ports import Item, ItemKey
from privyseal.x509.certificate import Certificate
from privyseal.x509.pem import to_pem


def leaf_key(noted: Noted) -> ItemKey:
    return ItemKey(noted.issue.common_name, str(noted.issue.serial))


def leaf(noted: Noted, der: bytes) -> Item:
    issue = noted.issue
    item = {
        "Issued": responses.at(issue.issued_at),
        "Expires": responses.at(issue.expires_at),
        "Certificate": _certificate(der),
        "NotifyExpiry": issue.notify_expiry,
    }
    if noted.revoked_at is not None:
        item["Revoked"] = responses.at(noted.revoked_at)
    if noted.reminded:
        item["ExpiryReminders"] = list(noted.reminded)
    return item


def authority_key(slug: str, certificate: Certificate) -> ItemKey:
    return ItemKey(slug, str(certificate.serial))


def authority(certificate: Certificate, crl_number: int) -> Item:
    return {
        "Issued": responses.at(certificate.not_before),
        "Expires": responses.at(certificate.not_after),
        "Certificate": _certificate(certificate.der),
        "CRLNumber": crl_number,
    }


def _certificate(der: bytes) -> bytes:
    return base64.b64encode(f"{to_pem(der)}\n".encode())
