"""AWS's own command line keeps certificates: requested, exported, renewed, imported, revoked, deleted."""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.e2e import openssl
from tests.e2e.aws import Aws
from tests.e2e.shell import attempt, run
from tests.programs import program
from tests.service import Service, patience

DOMAIN = "shop.example.com"
# Bytes that a shell, a JSON writer or a C string would trip over.
PASSPHRASE = b'correct horse \xff "$#%" \x01'


@dataclass(frozen=True)
class Shop:
    aws: Aws
    authority: str

    def __call__(self, *words: str) -> Any:
        said = self.aws.text("acm", *words)
        return json.loads(said) if said.strip() else None

    def described(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self("describe-certificate", "--certificate-arn", arn)["Certificate"]
        return found

    def wait(self, arn: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + patience(30)
        while not until(found := self.described(arn)):
            assert time.monotonic() < end, found
        return found

    def requested(self, domain: str, *words: str) -> str:
        asked = ["--domain-name", domain, "--certificate-authority-arn", self.authority, *words]
        arn = str(self("request-certificate", *asked)["CertificateArn"])
        assert self.wait(arn, lambda each: each["Status"] != "PENDING_VALIDATION")["Status"] == "ISSUED"
        return arn

    def exported(self, arn: str) -> Path:
        """The folder with what `export-certificate` answers, a file for each part."""
        folder = self.aws.folder
        (folder / "passphrase").write_bytes(PASSPHRASE)
        words = ["--certificate-arn", arn, "--passphrase", "fileb://passphrase"]
        answer = self("export-certificate", *words)
        for part in ("Certificate", "CertificateChain", "PrivateKey"):
            (folder / f"{part}.pem").write_text(answer[part])
        return folder


@pytest.fixture(name="shop", scope="module")
def shop_fixture(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """An authority of its own, with which ACM may renew."""
    aws = Aws(service, tmp_path_factory.mktemp("acm"))
    configuration = {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": "Shop Root"},
    }
    (aws.folder / "ca.json").write_text(json.dumps(configuration))
    words = [
        "--certificate-authority-configuration",
        "file://ca.json",
        "--certificate-authority-type",
        "ROOT",
    ]
    arn = str(aws.json("create-certificate-authority", *words)["CertificateAuthorityArn"])
    named = ["--certificate-authority-arn", arn]
    (aws.folder / "ca.csr").write_text(
        aws.text("acm-pca", "get-certificate-authority-csr", *named, "--output", "text")
    )
    template = "arn:aws:acm-pca:::template/RootCACertificate/V1"
    asked = ["--csr", "fileb://ca.csr", "--signing-algorithm", "SHA256WITHECDSA", "--template-arn", template]
    issued = aws.json("issue-certificate", *named, *asked, "--validity", "Value=3650,Type=DAYS")
    one = [*named, "--certificate-arn", issued["CertificateArn"]]
    aws.text("acm-pca", "wait", "certificate-issued", *one)
    (aws.folder / "root.pem").write_text(aws.json("get-certificate", *one)["Certificate"])
    aws.json("import-certificate-authority-certificate", *named, "--certificate", "fileb://root.pem")
    actions = ["IssueCertificate", "GetCertificate", "ListPermissions"]
    aws.json("create-permission", *named, "--principal", "acm.amazonaws.com", "--actions", *actions)
    return Shop(aws, arn)


def test_a_certificate_is_requested_exported_renewed_revoked_and_deleted(shop: Shop) -> None:
    """The whole life of one ARN; openssl opens the key, and it is the key of the certificate."""
    arn = shop.requested(
        DOMAIN, "--subject-alternative-names", f"www.{DOMAIN}", "--idempotency-token", "once"
    )
    shop.aws.text("acm", "wait", "certificate-validated", "--certificate-arn", arn)
    first = shop.described(arn)
    assert (first["Type"], first["KeyAlgorithm"], first["RenewalEligibility"]) == (
        "PRIVATE",
        "RSA-2048",
        "INELIGIBLE",
    )
    _check_export(shop, arn)
    assert shop.described(arn)["RenewalEligibility"] == "ELIGIBLE"

    shop("renew-certificate", "--certificate-arn", arn)
    second = shop.wait(arn, lambda each: each["Serial"] != first["Serial"])
    assert second["CertificateArn"] == arn
    assert second["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert second["RenewalEligibility"] == "INELIGIBLE"
    refused = shop.aws.refused_by("acm", "renew-certificate", "--certificate-arn", arn)
    assert refused.code == "ValidationException"
    _check_export(shop, arn)

    shop("revoke-certificate", "--certificate-arn", arn, "--revocation-reason", "SUPERSEDED")
    assert shop.described(arn)["Status"] == "REVOKED"
    shop("delete-certificate", "--certificate-arn", arn)
    refused = shop.aws.refused_by("acm", "describe-certificate", "--certificate-arn", arn)
    assert refused.code == "ResourceNotFoundException"


def _check_export(shop: Shop, arn: str) -> None:
    folder = shop.exported(arn)
    openssl.verify(folder / "Certificate.pem", folder / "root.pem", None, "-verify_hostname", f"www.{DOMAIN}")
    assert (folder / "CertificateChain.pem").read_text().strip() == (folder / "root.pem").read_text().strip()
    opened = folder / "opened.pem"
    words: list[str | Path] = [
        "pkey",
        "-in",
        folder / "PrivateKey.pem",
        "-passin",
        f"file:{folder / 'passphrase'}",
    ]
    run(program("openssl"), *words, "-out", opened)
    leaf = x509.load_pem_x509_certificate((folder / "Certificate.pem").read_bytes())
    certified = run(program("openssl"), "x509", "-in", folder / "Certificate.pem", "-noout", "-pubkey")
    assert openssl.public_key(opened) == certified
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / "Certificate.pem", opened)
    assert f"{leaf.serial_number:x}" == shop.described(arn)["Serial"].replace(":", "").lstrip("0")
    (folder / "other").write_bytes(b"something else")
    wrong = attempt(program("openssl"), *words[:3], "-passin", f"file:{folder / 'other'}", "-noout")
    assert wrong.returncode != 0


def test_a_token_asks_once(shop: Shop) -> None:
    once = ["--idempotency-token", "again"]
    assert shop.requested("again.example.com", *once) == shop.requested("again.example.com", *once)


def test_a_certificate_of_somebody_else_is_imported_replaced_tagged_found_and_deleted(shop: Shop) -> None:
    folder = shop.aws.folder
    _self_signed(folder, "import.example.com")
    words = ["--certificate", "fileb://import.pem", "--private-key", "fileb://import.key"]
    arn = shop("import-certificate", *words, "--tags", "Key=stage,Value=test")["CertificateArn"]
    before = shop.described(arn)
    _self_signed(folder, "import.example.com")
    assert shop("import-certificate", *words, "--certificate-arn", arn)["CertificateArn"] == arn
    after = shop.described(arn)
    assert (after["Type"], after["Serial"] != before["Serial"]) == ("IMPORTED", True)
    pem = (folder / "import.pem").read_bytes()
    got = shop("get-certificate", "--certificate-arn", arn)["Certificate"].encode()
    assert x509.load_pem_x509_certificate(got) == x509.load_pem_x509_certificate(pem)

    named = ["--certificate-arn", arn]
    shop("add-tags-to-certificate", *named, "--tags", "Key=more")
    shop("remove-tags-from-certificate", *named, "--tags", "Key=stage,Value=test")
    assert shop("list-tags-for-certificate", *named) == {"Tags": [{"Key": "more"}]}
    statement = {"Filter": {"X509AttributeFilter": {"SerialNumber": after["Serial"]}}}
    found = shop("search-certificates", "--filter-statement", json.dumps(statement))["Results"]
    assert [each["CertificateArn"] for each in found] == [arn]
    listed = shop("list-certificates", "--max-items", "1000")["CertificateSummaryList"]
    assert arn in {each["CertificateArn"] for each in listed}
    refused = shop.aws.refused_by("acm", "export-certificate", *named, "--passphrase", "fileb://import.key")
    assert refused.code == "ValidationException"
    shop("delete-certificate", *named)
    assert shop.aws.refused_by("acm", "get-certificate", *named).code == "ResourceNotFoundException"


def _self_signed(folder: Path, name: str) -> None:
    made = "req -x509 -newkey rsa:2048 -nodes -days 30 -keyout import.key -out import.pem"
    words = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    run(program("openssl"), *made.split(), *words, cwd=folder)


def test_the_account_says_when_expiry_events_begin(shop: Shop) -> None:
    words = ["--expiry-events", "DaysBeforeExpiry=30", "--idempotency-token", "days30"]
    shop("put-account-configuration", *words)
    assert shop("get-account-configuration") == {"ExpiryEvents": {"DaysBeforeExpiry": 30}}


def test_public_certificates_and_acme_are_refused_with_a_reason(shop: Shop) -> None:
    refused = shop.aws.refused_by("acm", "request-certificate", "--domain-name", DOMAIN)
    assert "CertificateAuthorityArn" in refused.message
    refused = shop.aws.refused_by("acm", "list-acme-endpoints")
    assert "not served here yet" in refused.message
