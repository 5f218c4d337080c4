"""A deployment of serverless-ca moves here, by the command, against a running service: its keys stay in a
KMS, and openssl judges the CRLs by the old root.
"""

import base64
import hashlib
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.keystores.kms_server import REGION, Kms, kms_server
from tests.programs import program
from tests.serverless.deployment import ISSUING, ROOT, Deployment
from tests.service import COMMAND, Service, clean_environment, patience
from tests.tables.conftest import make_table

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
SETTINGS = """
[aws-kms]
region = "{region}"
endpoint-url = "{url}"
"""


@pytest.fixture(name="kms")
def kms_fixture() -> Iterator[Kms]:
    with kms_server() as made:
        yield made


@pytest.fixture(name="old")
def old_fixture(kms: Kms) -> Deployment:
    """Good ones, two that are revoked, and one that is revoked and has expired."""
    made = Deployment(kms)
    made.issue("good.example.com", NotifyExpiry={"BOOL": True})
    made.issue("bad.example.com", revoked=True)
    made.issue("worse.example.com", revoked=True)
    made.issue("gone.example.com", age=200, days=30, revoked=True)
    return made


@pytest.fixture(name="service")
def service_fixture(tmp_path: Path, kms: Kms) -> Iterator[Service]:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "privyseal.toml").write_text(SETTINGS.format(region=REGION, url=kms.url))
    made = Service(data, "--region", REGION, **CREDENTIALS)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def command(service: Service, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "serverless", *words, "--data-dir", str(service.data_dir)],
        env=clean_environment(**CREDENTIALS),
        capture_output=True,
        text=True,
        check=False,
    )


def imported(service: Service, old: Deployment, *options: str) -> dict[str, Any]:
    items = old.export(service.data_dir.parent / "export.json")
    ran = command(service, "import", "--items", str(items), *options, "--output", "json")
    assert ran.stdout, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def crl(service: Service, arn: str, more_than: int = 0) -> x509.CertificateRevocationList:
    """The one that is served, with a number above another one's."""
    url = f"{service.url}/crl/{arn.rpartition('/')[2]}.crl"

    def get() -> x509.CertificateRevocationList | None:
        with urlopen(url) as answer:
            found = x509.load_der_x509_crl(answer.read())
        return found if number(found) > more_than else None

    found = eventually(get)
    assert isinstance(found, x509.CertificateRevocationList)
    return found


def eventually(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + patience(30)
    while time.monotonic() < until:
        try:
            if (found := look()) is not None and found is not False:
                return found
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not come")


def records(service: Service) -> list[dict[str, Any]]:
    """The journal, in the order of its commits."""
    database = sqlite3.connect(f"file:{service.data_dir / 'privyseal.db'}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT entries FROM journal ORDER BY at, seq").fetchall()
    finally:
        database.close()
    return [each for (entries,) in rows for each in json.loads(entries)]


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def verdict(old: Deployment, leaf: x509.Certificate, crls: Path) -> str:
    """openssl's, by the old root alone."""
    folder = crls.parent
    for name, made in (("root", old.root), ("issuing", old.issuing), ("leaf", leaf)):
        (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    ran = subprocess.run(
        [
            *(program("openssl"), "verify", "-crl_check_all", "-CAfile", folder / "root.pem"),
            *("-untrusted", folder / "issuing.pem", "-CRLfile", crls, folder / "leaf.pem"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def leaf_of(old: Deployment, name: str) -> x509.Certificate:
    (item,) = [each for each in old.items if each["CommonName"]["S"] == name]
    return x509.load_pem_x509_certificate(base64.b64decode(item["Certificate"]["B"]))


def test_after_the_import_crls_say_by_the_old_root_what_is_revoked(
    service: Service, old: Deployment, tmp_path: Path
) -> None:
    tally = imported(service, old)
    assert (tally["imported"], tally["revoked"], tally["errors"]) == (5, 3, [])
    issuing = crl(service, tally["issuing"])
    assert number(issuing) > 390
    assert {each.serial_number for each in issuing} >= {
        leaf_of(old, name).serial_number for name in ("bad.example.com", "worse.example.com")
    }
    assert leaf_of(old, "good.example.com").serial_number not in {each.serial_number for each in issuing}
    listed = issuing.get_revoked_certificate_by_serial_number(leaf_of(old, "bad.example.com").serial_number)
    assert listed is not None
    (item,) = [each for each in old.items if each["CommonName"]["S"] == "bad.example.com"]
    assert f"{listed.revocation_date_utc:%Y-%m-%d %H:%M:%S}" == item["Revoked"]["S"]
    crls = tmp_path / "crls.pem"
    both = [issuing, crl(service, tally["root"])]
    crls.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in both))
    assert verdict(old, leaf_of(old, "good.example.com"), crls).endswith("OK\n")
    assert "certificate revoked" in verdict(old, leaf_of(old, "bad.example.com"), crls)


def test_what_is_issued_afterwards_is_signed_in_the_kms_and_on_record_before(
    service: Service, old: Deployment, kms: Kms, tmp_path: Path
) -> None:
    tally = imported(service, old)
    kms.asked.clear()
    api = boto3.client(
        "acm-pca",
        region_name=REGION,
        endpoint_url=service.url,
        aws_access_key_id=service.environment.access_key_id,
        aws_secret_access_key=service.environment.secret_access_key,
    )
    key, csr = tmp_path / "key.pem", tmp_path / "csr.pem"
    openssl = [program("openssl"), "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-keyout", str(key), "-out", str(csr), "-subj", "/CN=new.example.com"]
    subprocess.run([*openssl, *files], check=True, capture_output=True)
    arn = api.issue_certificate(
        CertificateAuthorityArn=tally["issuing"],
        Csr=csr.read_bytes(),
        SigningAlgorithm="SHA256WITHECDSA",
        Validity={"Type": "DAYS", "Value": 30},
    )["CertificateArn"]
    answer = api.get_certificate(CertificateAuthorityArn=tally["issuing"], CertificateArn=arn)
    made = x509.load_pem_x509_certificate(answer["Certificate"].encode())
    made.verify_directly_issued_by(old.issuing)
    assert ("DIGEST", "ECDSA_SHA_256") in kms.asked
    tbs = hashlib.sha256(made.tbs_certificate_bytes).hexdigest()
    actions = [each["action"] for each in records(service) if each["resource"] == arn]
    assert actions == ["privyseal:IntendCertificate", "acm-pca:IssueCertificate"]
    assert {"tbs_sha256": tbs} in [each["detail"] for each in records(service)]


def test_importing_again_takes_what_was_issued_and_revoked_since(service: Service, old: Deployment) -> None:
    first = imported(service, old)
    assert len(crl(service, first["issuing"])) == 2  # the first one has all: gone.example.com has expired
    before = number(crl(service, first["issuing"]))
    assert imported(service, old) == first | {"imported": 0, "unchanged": 5, "revoked": 0}
    (good,) = [each for each in old.items if each["CommonName"]["S"] == "good.example.com"]
    good["Revoked"] = {"S": good["Issued"]["S"]}
    old.issue("later.example.com")
    again = imported(service, old)
    assert (again["imported"], again["unchanged"], again["revoked"]) == (1, 5, 1)
    serial = leaf_of(old, "good.example.com").serial_number

    def listed() -> bool:
        found = crl(service, first["issuing"], before)
        return found.get_revoked_certificate_by_serial_number(serial) is not None

    assert eventually(listed)


def test_a_dry_run_checks_everything_and_changes_nothing(service: Service, old: Deployment) -> None:
    tally = imported(service, old, "--dry-run")
    assert (tally["root"], tally["issuing"], tally["imported"], tally["revoked"]) == (None, None, 5, 3)
    found = command(service, "get", "--cn", "good.example.com", "--output", "json")
    assert json.loads(found.stdout) == {"certificates": []}
    assert imported(service, old)["imported"] == 5


def test_every_bad_item_is_reported_and_holds_nobody_up(service: Service, old: Deployment, kms: Kms) -> None:
    aliases = dict(kms.aliases)
    other = Deployment(kms)
    kms.aliases = aliases
    other.issue("stranger.example.com")
    stranger = other.items[-1]
    _, _, good, bad, *_ = old.items
    old.items += [
        stranger,
        good | {"SerialNumber": {"S": "12345"}},
        good | {"Certificate": {"B": base64.b64encode(b"no certificate")}},
        bad | {"CommonName": {"S": "renamed.example.com"}},
        {"device-id": {"S": "of another table"}, "Certificate": {"B": b""}},
        bad | {"Revoked": {"S": "yesterday"}},
        good | {"SerialNumber": {"S": 12345}},
        good | {"ExpiryReminders": {"L": [{"S": 5}]}},
    ]
    tally = imported(service, old)
    assert tally["imported"] == 5
    assert len(tally["errors"]) == 8
    for text in ("was not issued by", "12345", "cannot be", "renamed.example.com", "not one of", "yesterday"):
        assert any(text in each for each in tally["errors"]), (text, tally["errors"])


def test_a_key_that_is_not_the_certificates_is_refused(service: Service, old: Deployment) -> None:
    items = old.export(service.data_dir.parent / "export.json")
    ran = command(service, "import", "--items", str(items), "--root-key", f"alias/{ISSUING}")
    assert ran.returncode == 1
    assert "is not that of the certificate" in ran.stderr
    assert command(service, "get", "--cn", "good.example.com", "--output", "pem").returncode == 1


def test_a_live_table_is_read_page_by_page_and_found_by_common_name(
    service: Service, old: Deployment, empty_moto: str
) -> None:
    api: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=empty_moto)
    make_table(api)
    for item in old.items:
        api.put_item(TableName="ServerlessCADev", Item=item)
    where = ["--endpoint-url", empty_moto, "--region", REGION]
    ran = command(service, "import", "--table", "ServerlessCADev", *where)
    assert ran.returncode == 0, ran.stderr
    assert "5 imported" in ran.stdout
    assert "[serverless]" in ran.stdout
    pem = command(service, "get", "--cn", "good.example.com", "--output", "pem").stdout
    assert x509.load_pem_x509_certificate(pem.encode()) == leaf_of(old, "good.example.com")
    found = json.loads(command(service, "get", "--cn", "good.example.com", "--output", "json").stdout)
    (entry,) = found["certificates"]
    assert entry["serial_number"] == str(leaf_of(old, "good.example.com").serial_number)
    assert entry["notify_expiry"] is True
    revoked = command(service, "get", "--cn", "bad.example.com", "--output", "pem")
    assert (revoked.returncode, "revoked" in revoked.stderr) == (1, True)


@pytest.mark.parametrize(
    "content",
    [b"nonsense", b"\xff\xfe\x00", b"[" * 100_000, b"5", b"null", b'{"Items": 5}', b'[{"a": 1, "a": 2}]'],
)
def test_a_file_that_is_no_export_is_told_by_its_name(tmp_path: Path, content: bytes) -> None:
    """Before anything is asked of the service: there is none."""
    file = tmp_path / "export.json"
    file.write_bytes(content)
    environment = clean_environment(
        PRIVYSEAL_URL="http://127.0.0.1:1", **CREDENTIALS, AWS_DEFAULT_REGION=REGION
    )
    words = [*COMMAND, "serverless", "import", "--items", str(file)]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert str(file) in ran.stderr
    assert "defect" not in ran.stderr


def test_an_import_without_its_authorities_says_which_one_is_missing(
    service: Service, old: Deployment
) -> None:
    del old.items[0]
    items = old.export(service.data_dir.parent / "export.json")
    ran = command(service, "import", "--items", str(items))
    assert ran.returncode == 2
    assert ROOT in ran.stderr
