"""A cascade below an authority with a hundred thousand certificates, on a service that is killed once."""

import json
import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bench import processes
from privyseal.ca.revocation.answers import Answers
from privyseal.ca.revocation.responders import OpenResponders
from privyseal.client import PrivySealClient, create_authority, generate_csr, issue_certificate
from privyseal.names import AuthorityArn
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.x509.ocsp_request import MAX_CERT_IDS, parse
from tests.crl.hierarchy import fetch
from tests.ocsp import wire
from tests.programs import program
from tests.revoking.many import Database
from tests.service import Service, patience
from tests.stores.tables import rows_of

LEAVES = 100_000
KILLED_AFTER = 10_000  # of them are revoked
OTHERS = 50
SAMPLE = 8
SECONDS = 120
REASON = "CERTIFICATE_AUTHORITY_COMPROMISE"
STATUS = {
    "CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7},
    "OcspConfiguration": {"Enabled": True},
}


@dataclass
class Branch:
    """An authority with CRL and OCSP, and the serial numbers that it has issued."""

    arn: str
    certificate: x509.Certificate
    serials: set[int]

    @property
    def id(self) -> str:
        return AuthorityArn.parse(self.arn).id


@pytest.fixture(name="running")
def running_fixture(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data").start()
    yield service
    service.kill()


def branch(service: Service, parent: str, name: str, path_length: int) -> Branch:
    client = service.environment.client()
    made = create_authority(client, subject={"CommonName": name}, parent_arn=parent, path_length=path_length)
    this = {"CertificateAuthorityArn": made.arn}
    client.call("UpdateCertificateAuthority", this | {"RevocationConfiguration": STATUS})
    return Branch(made.arn, x509.load_pem_x509_certificate(made.certificate_pem.encode()), set())


def fill(service: Service, database: Database, authority: Branch, count: int) -> None:
    csr, _ = generate_csr("device", ["device.internal"])
    arn = issue_certificate(
        service.environment.client(), certificate_authority_arn=authority.arn, csr=csr, validity_days=30
    )
    authority.serials = {int(arn.rpartition("/")[2], 16)} | database.multiply(arn, count - 1)


def beside(database: Database, branches: list[Branch]) -> dict[str, list[dict[str, Any]]]:
    """What the tables say of everybody else."""
    ids = ", ".join(f"'{each.id}'" for each in branches)
    columns = {"certificate": "authority_id", "revocation": "authority_id", "authority": "id"}
    return {
        table: rows_of(database.store, table, f"{column} NOT IN ({ids})") for table, column in columns.items()
    }


def revoked(data_dir: Path) -> int:
    with closing(sqlite3.connect(data_dir / "privyseal.db")) as connection:
        query = "SELECT count(*) FROM certificate WHERE revocation_reason = ? AND revoked_at IS NOT NULL"
        return int(connection.execute(query, [REASON]).fetchone()[0])


def show(client: PrivySealClient, order: str) -> dict[str, Any]:
    return client.rest("GET", f"/mass-revocations/{order}")


def kill_in_between(service: Service, order: str) -> None:
    """Every process of the service, as soon as some are revoked."""
    assert service.process
    client = service.environment.client()
    until = time.monotonic() + patience(SECONDS)
    while show(client, order)["revoked"] < KILLED_AFTER:
        assert time.monotonic() < until
        time.sleep(0.02)
    pids = processes.tree(service.process.pid)
    processes.kill(pids)
    service.kill()
    while processes.alive(pids):
        assert time.monotonic() < until
        time.sleep(0.01)


def wait(service: Service, order: str) -> dict[str, Any]:
    client = service.environment.client()
    until = time.monotonic() + patience(SECONDS)
    while (shown := show(client, order))["state"] in {"RUNNING", "PUBLISHING"}:
        assert time.monotonic() < until, shown
        time.sleep(0.2)
    return shown


def test_a_cascade_ends_with_everything_below_revoked_although_it_was_killed(
    running: Service, tmp_path: Path
) -> None:
    """In the rows, in the CRLs as `cryptography` and openssl read them, and in OCSP; and nothing else."""
    environment = running.environment
    root = environment.root_ca_arn or ""
    top = branch(running, root, "Compromised", 2)
    middle = branch(running, top.arn, "Middle", 1)
    low = branch(running, middle.arn, "Low", 0)
    sibling = branch(running, root, "Sibling", 0)
    database = Database(running.data_dir)
    for authority, count in ((top, OTHERS), (middle, LEAVES), (low, OTHERS), (sibling, OTHERS)):
        fill(running, database, authority, count)
    for parent, child in ((top, middle), (middle, low)):
        parent.serials.add(child.certificate.serial_number)
    client = environment.client()
    client.call(
        "RevokeCertificate",
        {
            "CertificateAuthorityArn": root,
            "CertificateSerial": f"{top.certificate.serial_number:x}",
            "RevocationReason": REASON,
        },
    )
    branches = [top, middle, low]
    everything = set().union(*(each.serials for each in branches))
    before = beside(database, branches)
    others_revoked = revoked(running.data_dir)

    body = {"authority_arn": top.arn, "scope": "CASCADE", "reason": REASON}
    order = client.rest("POST", "/mass-revocations", body)["id"]
    kill_in_between(running, order)
    assert 0 < revoked(running.data_dir) - others_revoked < len(everything)
    again = Service(running.data_dir).start()
    try:
        shown = wait(again, order)
        assert (shown["state"], shown["revoked"], shown["refused"]) == ("COMPLETED", len(everything), 0)
        check_rows(database, branches)
        check_journal(database, order, len(everything))
        for each in branches:
            check_crl(again, each)
            check_ocsp(again, database, each)
        check_openssl_ocsp(again, middle, tmp_path)
        assert beside(database, branches) == before
        assert again.stop() == 0
    finally:
        again.kill()
        database.close()


def check_rows(database: Database, branches: list[Branch]) -> None:
    """But for the certificates of their own OCSP responders."""
    for each in branches:
        where = f"authority_id = '{each.id}' AND service_principal IS NULL"
        rows = rows_of(database.store, "certificate", where, "serial, revocation_reason, revoked_at")
        assert {int(row["serial"], 16) for row in rows} == each.serials
        assert all(row["revocation_reason"] == REASON and row["revoked_at"] for row in rows)


def check_journal(database: Database, order: str, count: int) -> None:
    """Each certificate has its entry, and only one."""
    entries = [e for row in rows_of(database.store, "journal") for e in json.loads(row["entries"])]
    mine = [e for e in entries if e["detail"].get("order") == order]
    resources = [e["resource"] for e in mine if e["action"] == "acm-pca:RevokeCertificate"]
    assert len(resources) == len(set(resources)) == count


def check_crl(service: Service, authority: Branch) -> None:
    content = fetch(f"{service.url}/crl/{authority.id}.crl")
    crl = x509.load_der_x509_crl(content)
    assert crl.is_signature_valid(authority.certificate.public_key())  # type: ignore[arg-type]
    assert {each.serial_number for each in crl} == authority.serials
    command = [program("openssl"), "crl", "-inform", "DER", "-noout", "-text"]
    text = subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode()
    assert text.count("Serial Number:") == text.count("CA Compromise") == len(authority.serials)


def check_ocsp(service: Service, database: Database, authority: Branch) -> None:
    """All of them, by what answers OCSP requests."""
    assert service.process
    answers = Answers(database.store, REPOSITORIES, OpenResponders(database.keys))
    serials, found = sorted(authority.serials), set()
    for start in range(0, len(serials), MAX_CERT_IDS):
        first, *more = serials[start : start + MAX_CERT_IDS]
        (answer,) = answers.answer([parse(wire.request_for(first, authority.certificate, *more))])
        response = ocsp.load_der_ocsp_response(answer.response)
        assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        for each in response.responses:
            assert each.certificate_status is ocsp.OCSPCertStatus.REVOKED
            assert each.revocation_reason is x509.ReasonFlags.ca_compromise
            found.add(each.serial_number)
    assert found == authority.serials


def check_openssl_ocsp(service: Service, authority: Branch, folder: Path) -> None:
    issuer = folder / "issuer.pem"
    issuer.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    for serial in random.sample(sorted(authority.serials), SAMPLE):
        command = [program("openssl"), "ocsp", "-issuer", str(issuer), "-serial", f"0x{serial:x}"]
        command += ["-url", f"{service.url}/ocsp", "-CAfile", str(issuer), "-partial_chain"]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        assert f"0x{serial:x}: revoked" in said
        assert "Reason: cACompromise" in said
