"""Rows for the contract suites: made-up, complete, and different wherever it matters."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from privyseal.ca.model import GENERAL_PURPOSE, ROOT, Authority, Certificate, StoredKey
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.names import AuthorityArn, new_id, new_serial
from privyseal.value import changed

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "eu-central-1"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, "request-1")


def authority(**changes: Any) -> Authority:
    made = Authority(
        arn=AuthorityArn(REGION, ACCOUNT, new_id()),
        type=ROOT,
        status=Status.PENDING_CERTIFICATE,
        key_algorithm="EC_prime256v1",
        signing_algorithm="SHA256WITHECDSA",
        subject={"CommonName": "Zürich Root", "Country": "CH"},
        csr_extensions=None,
        revocation={"CrlConfiguration": {"Enabled": False}, "OcspConfiguration": {"Enabled": False}},
        usage_mode=GENERAL_PURPOSE,
        key_standard="FIPS_140_2_LEVEL_3_OR_HIGHER",
        key=StoredKey("software:1", b"\x00\x01wrapped\xff"),
        public_key=b"\x30\x00spki",
        csr="-----BEGIN CERTIFICATE REQUEST-----",
        certificate=None,
        chain=None,
        serial=None,
        not_before=None,
        not_after=None,
        created_at=NOW,
        changed_at=NOW,
        failure_reason=None,
        restorable_until=None,
        status_before_deletion=None,
        token=None,
        request_digest=b"\x01" * 32,
        version=1,
    )
    return replace(made, **changes)


def certified(**changes: Any) -> Authority:
    """An authority in which no column is empty."""
    filled = {
        "status": Status.DISABLED,
        "csr_extensions": {"KeyUsage": {"CRLSign": True}},
        "certificate": b"\x30\x82der",
        "chain": "-----BEGIN CERTIFICATE-----\nchain",
        "serial": new_serial(),
        "not_before": NOW - timedelta(hours=1),
        "not_after": NOW + timedelta(days=3650),
        "failure_reason": "OTHER",
        "restorable_until": NOW + timedelta(days=30),
        "status_before_deletion": Status.EXPIRED,
        "token": "token-1",
    }
    return authority(**{**filled, **changes})


def certificate(authority_id: str, **changes: Any) -> Certificate:
    serial = changes.pop("serial", None) or new_serial()
    made = Certificate(
        authority_id=authority_id,
        serial=serial,
        der=b"\x30\x82" + serial.to_bytes(20),
        template="EndEntityCertificate/V1",
        subject="CN=gerät-1",
        not_before=NOW - timedelta(hours=1),
        not_after=NOW + timedelta(days=365),
        issued_at=NOW,
        token=None,
        request_digest=hashlib.sha256(b"request").digest(),
        key_digest=hashlib.sha256(b"key").digest(),
    )
    return changed(made, **changes)
