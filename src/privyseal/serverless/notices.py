"""What those who watch the CA are told: serverless-ca's notices, member for member, as journal entries.

Events are made of the journal (`events/shapes/serverless.py`), so an entry that is committed is a notice
that is sent.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from privyseal.caller import Caller
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, CertificateArn, new_id
from privyseal.serverless import responses
from privyseal.serverless.model import Issue
from privyseal.store import Entry
from privyseal.x509.pem import to_pem

ISSUED: Final = "serverless:IssueCertificate"
REVOKED: Final = "serverless:RevokeCertificate"
REMINDED: Final = "serverless:RemindOfExpiry"
EXPIRED: Final = "serverless:ExpireCertificate"
# Who says what nobody has asked for.
PRINCIPAL: Final = "service:serverless"


def issued(caller: Caller, authority: AuthorityArn, issue: Issue, der: bytes) -> Entry:
    return _entry(ISSUED, caller, authority, issue, _certificate(issue, der))


def revoked(caller: Caller, authority: AuthorityArn, issue: Issue, at: datetime) -> Entry:
    notice = {
        "CommonName": issue.common_name,
        "SerialNumber": str(issue.serial),
        "Revoked": f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
        "Subject": issue.subject,
    }
    return _entry(REVOKED, caller, authority, issue, notice)


def reminded(authority: AuthorityArn, issue: Issue, der: bytes, days: int) -> Entry:
    """`days`: 0 where it has expired."""
    action = REMINDED if days else EXPIRED
    notice = {**_certificate(issue, der), "DaysRemaining": days}
    return _entry(action, Caller(PRINCIPAL, issue.account, new_id()), authority, issue, notice)


def _certificate(issue: Issue, der: bytes) -> dict[str, Any]:
    return {
        "CertificateInfo": responses.information(
            issue.common_name, issue.serial, issue.issued_at, issue.expires_at
        ),
        "Base64Certificate": base64.b64encode(f"{to_pem(der)}\n".encode()).decode(),
        "Subject": issue.subject,
    }


def _entry(
    action: str, caller: Caller, authority: AuthorityArn, issue: Issue, notice: Mapping[str, Any]
) -> Entry:
    return entry(action, caller, str(CertificateArn(authority, issue.serial)), notice=dict(notice))
