"""Every operation that changes something leaves its record, allowed or refused; none that reads does."""

import hashlib
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.clock import SystemClock
from privyseal.events.lines import Lines
from privyseal.events.refusals import REFUSED
from privyseal.frontends.aws import shapes_acm_pca
from privyseal.frontends.aws.acm_pca.access_levels import LEVELS, changes
from privyseal.stores.repositories.audit import SqlJournalReader
from privyseal.stores.sqlite_reader import SqliteReader
from tests.e2e import aws, boto
from tests.operations.grants import policy_for
from tests.service import Service

CHANGES = sorted(name for name in LEVELS if changes(name))
READS = sorted(name for name in LEVELS if not changes(name))
ABSENT = "00000000-0000-4000-8000-000000000000"


def entries(service: Service) -> Iterator[dict[str, Any]]:
    with closing(SqliteReader(service.data_dir / "privyseal.db", SystemClock())) as reader:
        for line in Lines(reader, SqlJournalReader(), None):
            yield json.loads(line)


def of_request(service: Service, answer: Any) -> list[dict[str, Any]]:
    request_id = answer["ResponseMetadata"]["RequestId"]
    return [each for each in entries(service) if each["request_id"] == request_id]


@pytest.fixture(name="pca")
def pca_fixture(service: Service) -> Iterator[Any]:
    with boto.client(service) as made:
        yield made


def snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def test_the_table_has_every_operation() -> None:
    assert set(LEVELS) == set(shapes_acm_pca.OPERATIONS)


class Walk:
    """Each operation that changes something, once, in an order in which all of them succeed."""

    def __init__(self, service: Service, pca: Any) -> None:
        self.service = service
        self.pca = pca
        self.seen: dict[str, dict[str, Any]] = {}

    def do(self, operation: str, **parameters: Any) -> Any:
        answer = getattr(self.pca, snake(operation))(**parameters)
        (told,) = of_request(self.service, answer)
        self.seen[operation] = told
        return answer

    def all(self) -> None:
        created = self.do(
            "CreateCertificateAuthority",
            CertificateAuthorityType="ROOT",
            CertificateAuthorityConfiguration=boto.EC_CONFIGURATION,
        )
        arn = created["CertificateAuthorityArn"]
        self.arn = arn
        on = {"CertificateAuthorityArn": arn}
        csr = self.pca.get_certificate_authority_csr(**on)["Csr"].encode()
        terms = {"SigningAlgorithm": "SHA256WITHECDSA", "Validity": {"Type": "DAYS", "Value": 90}}
        template = f"{boto.TEMPLATE}RootCACertificate/V1"
        issued = self.do("IssueCertificate", **on, Csr=csr, TemplateArn=template, **terms)
        self.certificate = self.pca.get_certificate(**on, CertificateArn=issued["CertificateArn"])[
            "Certificate"
        ]
        self.issued = issued["CertificateArn"]
        installed = {"Certificate": self.certificate.encode()}
        self.do("ImportCertificateAuthorityCertificate", **on, **installed)
        leaf = boto.issue(self.pca, arn, boto.csr_for("a.internal"), Validity={"Type": "DAYS", "Value": 30})
        serial = leaf.rpartition("/")[2]
        self.do("RevokeCertificate", **on, CertificateSerial=serial, RevocationReason="SUPERSEDED")
        tags = [{"Key": "k", "Value": "v"}]
        self.do("TagCertificateAuthority", **on, Tags=tags)
        self.do("UntagCertificateAuthority", **on, Tags=tags)
        grant = {"Principal": "acm.amazonaws.com"}
        actions = ["IssueCertificate", "GetCertificate", "ListPermissions"]
        self.do("CreatePermission", **on, **grant, Actions=actions)
        self.do("DeletePermission", **on, **grant)
        self.do("PutPolicy", ResourceArn=arn, Policy=policy_for(arn, "555555555555"))
        self.do("DeletePolicy", ResourceArn=arn)
        report = {"S3BucketName": "reports", "AuditReportResponseFormat": "JSON"}
        self.do("CreateCertificateAuthorityAuditReport", **on, **report)
        self.do("UpdateCertificateAuthority", **on, Status="DISABLED")
        self.do("DeleteCertificateAuthority", **on, PermanentDeletionTimeInDays=7)
        self.do("RestoreCertificateAuthority", **on)


def test_each_change_that_is_allowed_has_one_record(service: Service, pca: Any) -> None:
    """Who, what and with which request; an issue with the hash of its certificate."""
    walk = Walk(service, pca)
    walk.all()
    assert sorted(walk.seen) == CHANGES
    for operation, told in walk.seen.items():
        assert (
            told["action"]
            .partition(":")[2]
            .startswith(operation.removesuffix("CertificateAuthorityAuditReport"))
        )
        assert told["principal"].endswith(":user/admin")
        assert told["resource"].startswith(walk.arn)
        assert told["detail"].get("result", "success") == "success"
    der = x509.load_pem_x509_certificate(walk.certificate.encode()).public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest()
    assert walk.seen["IssueCertificate"]["resource"] == walk.issued
    assert walk.seen["IssueCertificate"]["detail"]["sha256"] == digest
    assert walk.seen["ImportCertificateAuthorityCertificate"]["detail"]["sha256"] == digest


def refused_parameters(arn: str) -> dict[str, dict[str, Any]]:
    """For each change, what is refused: an authority that is not there, or an impossible one."""
    on = {"CertificateAuthorityArn": arn}
    policy = {"ResourceArn": arn}
    issue = {
        "Csr": boto.csr_for("a.internal"),
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Validity": {"Type": "DAYS", "Value": 1},
    }
    wrong = {**boto.EC_CONFIGURATION, "SigningAlgorithm": "SHA256WITHRSA"}
    return {
        "CreateCertificateAuthority": {
            "CertificateAuthorityType": "ROOT",
            "CertificateAuthorityConfiguration": wrong,
        },
        "CreateCertificateAuthorityAuditReport": {
            **on,
            "S3BucketName": "reports",
            "AuditReportResponseFormat": "JSON",
        },
        "CreatePermission": {**on, "Principal": "acm.amazonaws.com", "Actions": ["IssueCertificate"]},
        "DeleteCertificateAuthority": on,
        "DeletePermission": {**on, "Principal": "acm.amazonaws.com"},
        "DeletePolicy": policy,
        "ImportCertificateAuthorityCertificate": {**on, "Certificate": b"-----BEGIN CERTIFICATE-----"},
        "IssueCertificate": {**on, **issue},
        "PutPolicy": {**policy, "Policy": policy_for(arn, "555555555555")},
        "RestoreCertificateAuthority": on,
        "RevokeCertificate": {**on, "CertificateSerial": "01:02", "RevocationReason": "SUPERSEDED"},
        "TagCertificateAuthority": {**on, "Tags": [{"Key": "k"}]},
        "UntagCertificateAuthority": {**on, "Tags": [{"Key": "k"}]},
        "UpdateCertificateAuthority": {**on, "Status": "DISABLED"},
    }


def read_parameters(arn: str) -> dict[str, dict[str, Any]]:
    on = {"CertificateAuthorityArn": arn}
    return {
        "DescribeCertificateAuthority": on,
        "DescribeCertificateAuthorityAuditReport": {**on, "AuditReportId": ABSENT},
        "GetCertificate": {**on, "CertificateArn": f"{arn}/certificate/{'0' * 32}"},
        "GetCertificateAuthorityCertificate": on,
        "GetCertificateAuthorityCsr": on,
        "GetPolicy": {"ResourceArn": arn},
        "ListCertificateAuthorities": {"NextToken": "AAAA"},
        "ListPermissions": on,
        "ListTags": on,
    }


def refuse(pca: Any, operation: str, parameters: dict[str, Any]) -> Any:
    with pytest.raises(ClientError) as raised:
        getattr(pca, snake(operation))(**parameters)
    return raised.value.response


@pytest.fixture(name="absent")
def absent_fixture(service: Service) -> str:
    return str(service.environment.issuing_ca_arn)[:-36] + ABSENT


@pytest.mark.parametrize("operation", CHANGES)
def test_each_change_that_is_refused_has_one_record(
    service: Service, pca: Any, absent: str, operation: str
) -> None:
    """Over the real wire: the record is there when the client has its answer."""
    answer = refuse(pca, operation, refused_parameters(absent)[operation])
    (told,) = of_request(service, answer)
    impossible = operation == "CreateCertificateAuthority"
    assert told["action"] == f"acm-pca:{operation}"
    assert told["principal"].endswith(":user/admin")
    serial = "/certificate/" + "102".zfill(32)
    whole = absent + serial if operation == "RevokeCertificate" else absent
    assert told["resource"] == ("" if impossible else whole)
    assert told["detail"]["result"] == REFUSED
    assert told["detail"]["error"] == ("invalid-argument" if impossible else "not-found")


@pytest.mark.parametrize("operation", READS)
def test_no_read_leaves_anything(service: Service, pca: Any, absent: str, operation: str) -> None:
    answer = refuse(pca, operation, read_parameters(absent)[operation])
    assert of_request(service, answer) == []


def test_the_aws_command_leaves_one_too(service: Service, absent: str, tmp_path: Path) -> None:
    before = refusals(service)
    words = ("delete-certificate-authority", "--certificate-authority-arn", absent)
    assert aws.Aws(service, tmp_path).refused(*words).code == "ResourceNotFoundException"
    told = refusals(service)[len(before) :]
    assert ("acm-pca:DeleteCertificateAuthority", absent) in [
        (each["action"], each["resource"]) for each in told
    ]


def refusals(service: Service) -> list[dict[str, Any]]:
    return [each for each in entries(service) if each["detail"].get("result") == REFUSED]


def stranger(service: Service, **credentials: str) -> Any:
    found = service.environment
    given = {"aws_access_key_id": found.access_key_id, "aws_secret_access_key": found.secret_access_key}
    return boto3.client(
        "acm-pca",
        endpoint_url=found.url,
        region_name=found.region,
        config=Config(retries={"total_max_attempts": 1}),
        **(given | credentials),
    )


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIANOBODY0000000000"}, "UnrecognizedClientException"),
    ],
)
def test_strangers_do_not_make_the_database_grow(
    service: Service, absent: str, credentials: dict[str, str], code: str
) -> None:
    """They are in the metrics and in the log."""
    before = len(refusals(service))
    with closing(stranger(service, **credentials)) as client:
        for _ in range(5):
            answer = refuse(client, "DeleteCertificateAuthority", {"CertificateAuthorityArn": absent})
            assert answer["Error"]["Code"] == code
            assert of_request(service, answer) == []
    assert len(refusals(service)) == before
    logged = [line for line in service.log.read_text().splitlines() if '"not authenticated"' in line]
    reasons = [json.loads(line)["reason"] for line in logged]
    assert reasons.count("bad-signature") <= 1  # a minute for each client and reason
    assert reasons
    with urlopen(f"{service.url}/metrics") as metrics:
        counted = re.findall(r'requests_total\{.*outcome="([a-z-]+)"', metrics.read().decode())
    assert reasons[-1] in counted


def test_there_are_as_many_issue_records_as_certificates(service: Service, pca: Any) -> None:
    """With the same hashes, after whatever this service has been through."""
    arn = str(service.environment.issuing_ca_arn)
    for _ in range(random.randrange(5, 15)):
        boto.issue(pca, arn, boto.csr_for("a.internal"))
    with closing(sqlite3.connect(f"file:{service.data_dir}/privyseal.db?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT der FROM certificate").fetchall()
        stored = sorted(hashlib.sha256(der).hexdigest() for (der,) in rows)
    told = sorted(
        each["detail"]["sha256"]
        for each in entries(service)
        if each["action"] == "acm-pca:IssueCertificate" and each["detail"].get("result") is None
    )
    assert len(stored) >= 5
    assert told == stored
