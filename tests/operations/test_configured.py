"""Services with settings of their own: buckets in S3, quotas, several workers, and a sudden end."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e import boto
from tests.operations.test_audit_reports import ask, ended
from tests.publishers.fake_s3 import FakeS3, fake_s3
from tests.service import Service


@contextmanager
def running(folder: Path, config: str, *options: str) -> Iterator[Service]:
    file = folder / "settings.toml"
    file.write_text(config)
    service = Service(folder / "data", "--config", str(file), *options).start()
    try:
        yield service
    finally:
        service.kill()


@contextmanager
def with_s3(folder: Path, s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Credentials come from a profile: a service takes no AWS variables of its caller along."""
    (folder / ".aws").mkdir()
    (folder / ".aws" / "credentials").write_text(
        "[reports]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("HOME", str(folder))
    section = f'endpoint-url = "{s3.url}"\nregion = "eu-west-1"\nprofile = "reports"\n'
    with running(folder, f'[publisher]\ntype = "s3"\n{section}') as service:
        yield service


def root_of(service: Service) -> str:
    arn = service.environment.root_ca_arn
    assert arn
    return arn


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def test_reports_go_to_the_bucket_in_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_s3() as s3, with_s3(tmp_path, s3, monkeypatch) as service, boto.client(service) as pca:
        arn = root_of(service)
        made = ask(pca, arn, "JSON", "reports")
        assert ended(pca, arn, made["AuditReportId"])["AuditReportStatus"] == "SUCCESS"
        content, content_type = s3.objects["reports", made["S3Key"]]
        assert content_type == "application/json"
        assert len(json.loads(content)) == 2  # the root, and the authority that it has issued
        assert {request.rsplit(" ")[-1] for request in s3.requests} == {"eu-west-1"}
        assert not (service.data_dir / "buckets").exists()


def test_buckets_that_s3_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once where AWS asks at once; a bucket that cannot be written fails its report."""
    with fake_s3() as s3, with_s3(tmp_path, s3, monkeypatch) as service, boto.client(service) as pca:
        arn = root_of(service)
        s3.refusals["reports"] = 403, "AccessDenied"
        with pytest.raises(ClientError) as refusal:
            ask(pca, arn, "JSON", "reports")
        assert code(refusal.value) == "ValidationException"
        said = refusal.value.response["Error"]["Message"]
        assert "requires getBucketAcl permissions for your S3 bucket 'reports'. Check your S3 bucket" in said
        with pytest.raises(ClientError) as refusal:
            ask(pca, arn, "JSON", "elsewhere")
        assert code(refusal.value) == "InvalidArgsException"
        s3.writes_only = True
        made = ask(pca, arn, "JSON", "reports")
        assert ended(pca, arn, made["AuditReportId"])["AuditReportStatus"] == "FAILED"
        s3.refusals.clear()
        again = ask(pca, arn, "JSON", "reports")
        assert ended(pca, arn, again["AuditReportId"])["AuditReportStatus"] == "SUCCESS"


def test_quotas_are_those_of_the_settings(tmp_path: Path) -> None:
    config = "[quotas]\ncertificates-per-authority = 3\nrequests-per-second = { ListTags = 2 }\n"
    with running(tmp_path, config) as service, boto.client(service) as pca:
        arn = boto.create(pca)
        boto.activate(pca, arn)
        codes = []
        for _ in range(4):
            try:
                boto.issue(pca, arn, boto.csr_for("x"))
                codes.append("")
            except ClientError as error:
                codes.append(code(error))
        assert codes == ["", "", "LimitExceededException", "LimitExceededException"]
        codes = []
        for _ in range(20):
            try:
                pca.list_tags(CertificateAuthorityArn=arn)
                codes.append("")
            except ClientError as error:
                codes.append(code(error))
        assert set(codes) == {"", "ThrottlingException"}
        pca.describe_certificate_authority(CertificateAuthorityArn=arn)


def test_quotas_of_acm_count_apart_from_those_of_acm_pca(tmp_path: Path) -> None:
    """Both services have a GetCertificate."""
    config = "[quotas]\nacm-requests-per-second = { GetCertificate = 1, GetAccountConfiguration = 2 }\n"
    with running(tmp_path, config) as service, boto.client(service, "acm") as acm:
        codes = []
        for _ in range(20):
            try:
                acm.get_account_configuration()
                codes.append("")
            except ClientError as error:
                codes.append(code(error))
        assert set(codes) == {"", "ThrottlingException"}
        acm.list_certificates()
        with boto.client(service) as pca:
            authority = pca.list_certificate_authorities()["CertificateAuthorities"][0]["Arn"]
            missing = f"{authority}/certificate/{'0' * 32}"
            for _ in range(5):
                with pytest.raises(ClientError) as refused:
                    pca.get_certificate(CertificateAuthorityArn=authority, CertificateArn=missing)
                assert code(refused.value) == "ResourceNotFoundException"


def test_an_operation_that_acm_has_not_ends_the_start(tmp_path: Path) -> None:
    config = "[quotas]\nacm-requests-per-second = { ListTags = 2 }\n"
    with pytest.raises(AssertionError) as failure, running(tmp_path, config):
        pass
    assert "quotas.acm-requests-per-second names 'ListTags'" in str(failure.value)


def test_an_operation_that_there_is_not_ends_the_start(tmp_path: Path) -> None:
    config = "[quotas]\nrequests-per-second = { ListTag = 2 }\n"
    with pytest.raises(AssertionError) as failure, running(tmp_path, config):
        pass
    assert "quotas.requests-per-second names 'ListTag'" in str(failure.value)
    assert "Traceback" not in str(failure.value)


def test_a_report_survives_the_end_of_its_process(tmp_path: Path) -> None:
    """The service is killed while a report is CREATING; the next start, with two workers, writes it once."""
    with running(tmp_path, "") as service, boto.client(service) as pca:
        arn = root_of(service)
        made = ask(pca, arn, "CSV")
        ended(pca, arn, made["AuditReportId"])
    place = service.data_dir / "buckets" / "my-reports" / made["S3Key"]
    whole = place.read_bytes()
    place.unlink()
    _make_unfinished(service.data_dir / "privyseal.db")
    with running(tmp_path, "", "--workers", "2") as service, boto.client(service) as pca:
        assert ended(pca, arn, made["AuditReportId"])["AuditReportStatus"] == "SUCCESS"
        assert place.read_bytes() == whole
        assert service.stop() == 0


def test_stopping_does_not_wait_for_the_next_turn(tmp_path: Path) -> None:
    with running(tmp_path, "") as service:
        begun = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - begun < 5


def _make_unfinished(database: Path) -> None:
    """The row as a process leaves it that died between its lease and its end, long enough ago."""
    with closing(sqlite3.connect(database)) as connection, connection:
        changed: Any = connection.execute("UPDATE audit_report SET status = 'CREATING', leased_until = 1")
        assert changed.rowcount == 1
