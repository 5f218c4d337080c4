"""Audit reports of a running service: both formats, against what openssl says of the certificates."""

import csv
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from privyseal.client.csr import generate_csr
from tests.e2e import boto
from tests.e2e.shell import run
from tests.operations.conftest import Refused
from tests.programs import program
from tests.service import Service

SECONDS = 30
REASON = "CESSATION_OF_OPERATION"
Record = dict[str, str]


def ask(pca: Any, arn: str, report_format: str, bucket: str = "my-reports") -> dict[str, str]:
    found: dict[str, str] = pca.create_certificate_authority_audit_report(
        CertificateAuthorityArn=arn, S3BucketName=bucket, AuditReportResponseFormat=report_format
    )
    return found


def ended(pca: Any, arn: str, report_id: str) -> dict[str, Any]:
    """What Describe says once the report is not CREATING any more."""
    until = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = pca.describe_certificate_authority_audit_report(
            CertificateAuthorityArn=arn, AuditReportId=report_id
        )
        if found["AuditReportStatus"] != "CREATING":
            return found
        assert time.monotonic() < until
        time.sleep(0.02)


def read(service: Service, made: dict[str, str], bucket: str = "my-reports") -> list[Record]:
    """The records of a report, those of CSV without their empty values."""
    path = service.data_dir / "buckets" / bucket / made["S3Key"]
    if path.suffix == ".json":
        records: list[Record] = json.loads(path.read_text())
        return records
    with path.open(newline="") as file:
        return [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]


def by_openssl(pca: Any, authority: str, arn: str, folder: Path) -> Record:
    """What openssl reads in a certificate, in the words of the report."""
    found = pca.get_certificate(CertificateAuthorityArn=authority, CertificateArn=arn)
    file = folder / "certificate.pem"
    file.write_text(found["Certificate"] + "\n")
    options = ("-serial", "-dates", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8")
    said = run(program("openssl"), "x509", "-in", file, "-noout", *options)
    told = dict(line.split("=", 1) for line in said.splitlines())
    # openssl leaves out a first byte that is zero, which the ARN has
    digits = told["serial"].lower().zfill(32)
    return {
        "serial": ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        "subject": told["subject"],
        "notBefore": _time(told["notBefore"]),
        "notAfter": _time(told["notAfter"]),
    }


def _time(text: str) -> str:
    return f"{datetime.strptime(text, '%b %d %H:%M:%S %Y GMT'):%Y-%m-%dT%H:%M:%S}+0000"


@pytest.mark.parametrize("report_format", ["JSON", "CSV"])
def test_a_report_says_what_openssl_reads_in_the_certificates(
    pca: Any, active: str, service: Service, tmp_path: Path, report_format: str
) -> None:
    """Names with what CSV, JSON and RFC 2253 have to escape; one certificate is revoked."""
    names = ["plain", 'Zürich, "Nord"', "a+b; c=d\\e", "=1+2", "#x "]
    issued = [boto.issue(pca, active, generate_csr(name, [])[0].encode()) for name in names]
    pca.revoke_certificate(
        CertificateAuthorityArn=active, CertificateSerial=issued[1][-32:], RevocationReason=REASON
    )
    made = ask(pca, active, report_format)
    assert ended(pca, active, made["AuditReportId"])["AuditReportStatus"] == "SUCCESS"
    root, *others = read(service, made)
    assert [record["certificateArn"] for record in others] == issued
    assert root["templateArn"] == "arn:aws:acm-pca:::template/RootCACertificate/V1"
    for record in (root, *others):
        truth = by_openssl(pca, active, record["certificateArn"], tmp_path)
        assert truth == {name: record[name] for name in truth}
        assert record["awsAccountId"] == active.split(":")[4]
        assert "requestedByServicePrincipal" not in record
        assert record["issuedAt"] >= record["notBefore"]
    revoked = [record for record in others if "revokedAt" in record or "revocationReason" in record]
    assert [(each["certificateArn"], each["revocationReason"]) for each in revoked] == [(issued[1], REASON)]
    assert revoked[0]["revokedAt"] >= revoked[0]["issuedAt"]


def test_a_report_is_described_as_aws_does(pca: Any, active: str, service: Service) -> None:
    made = ask(pca, active, "CSV", "a.bucket")
    report_id = made["AuditReportId"]
    assert made["S3Key"] == f"audit-report/{active[-36:]}/{report_id}.csv"
    found = ended(pca, active, report_id)
    assert set(found) == {"AuditReportStatus", "S3BucketName", "S3Key", "CreatedAt", "ResponseMetadata"}
    assert (found["S3BucketName"], found["S3Key"]) == ("a.bucket", made["S3Key"])
    assert len(read(service, made, "a.bucket")) == 1


def test_the_waiter_of_the_model_ends(pca: Any, active: str) -> None:
    made = ask(pca, active, "JSON")
    pca.get_waiter("audit_report_created").wait(
        CertificateAuthorityArn=active,
        AuditReportId=made["AuditReportId"],
        WaiterConfig={"Delay": 1, "MaxAttempts": SECONDS},
    )


def test_a_second_report_within_thirty_minutes_is_in_progress(
    pca: Any, active: str, refused: Refused
) -> None:
    made = ask(pca, active, "JSON")
    given = {"S3BucketName": "my-reports", "AuditReportResponseFormat": "CSV"}
    for _ in range(2):
        refused(
            "RequestInProgressException",
            "create_certificate_authority_audit_report",
            CertificateAuthorityArn=active,
            **given,
        )
        ended(pca, active, made["AuditReportId"])


def test_what_cannot_be_a_bucket_is_invalid(pca: Any, active: str, refused: Refused) -> None:
    """And costs nothing: a report can be asked for at once."""
    for bucket in ("Upper-Case", "../../etc", "192.168.0.1", "under_score"):
        said = refused(
            "InvalidArgsException",
            "create_certificate_authority_audit_report",
            CertificateAuthorityArn=active,
            S3BucketName=bucket,
            AuditReportResponseFormat="JSON",
        )
        assert "cannot be the name of an S3 bucket" in said
    ended(pca, active, ask(pca, active, "JSON")["AuditReportId"])


def test_states_arns_and_ids_that_have_no_report(
    pca: Any, pending: str, absent: str, active: str, refused: Refused
) -> None:
    create, describe = (
        "create_certificate_authority_audit_report",
        "describe_certificate_authority_audit_report",
    )
    given = {"S3BucketName": "my-reports", "AuditReportResponseFormat": "JSON"}
    refused("InvalidStateException", create, CertificateAuthorityArn=pending, **given)
    refused("ResourceNotFoundException", create, CertificateAuthorityArn=absent, **given)
    refused("InvalidArnException", create, CertificateAuthorityArn=f"{active}x", **given)
    report_id = ask(pca, active, "JSON")["AuditReportId"]
    missing = "0" * 8 + report_id[8:]
    refused("ResourceNotFoundException", describe, CertificateAuthorityArn=active, AuditReportId=missing)
    refused("ResourceNotFoundException", describe, CertificateAuthorityArn=pending, AuditReportId=report_id)
    refused("InvalidArnException", describe, CertificateAuthorityArn=f"{active}x", AuditReportId=report_id)
    ended(pca, active, report_id)
