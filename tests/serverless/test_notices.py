"""Notices: who watches the CA is told in serverless-ca's own JSON."""

import base64
from datetime import timedelta

import pytest
from cryptography import x509

from privyseal.events.shapes import SHAPES
from privyseal.events.shapes.serverless import SOURCE
from tests.ca.world import CALLER
from tests.serverless.watched import Watched
from tests.serverless.world import certificate, coded, csr

NAME = "server.example.com"
SUBJECT = f"O=Example,CN={NAME}"


def test_who_asks_for_it_is_told_that_a_certificate_was_issued(watched: Watched) -> None:
    answer = watched.ask(NAME, organization="Example", notify_issued=True)
    ((subject, notice),) = watched.notices()
    assert subject == "Certificate Issued"
    assert list(notice) == ["CertificateInfo", "Base64Certificate", "Subject"]
    assert notice["CertificateInfo"] == answer["CertificateInfo"]
    assert list(notice["CertificateInfo"]) == ["CommonName", "SerialNumber", "Issued", "Expires"]
    assert notice["Subject"] == SUBJECT
    pem = base64.b64decode(notice["Base64Certificate"])
    assert x509.load_pem_x509_certificate(pem) == certificate(answer)


@pytest.mark.parametrize("notify", [False, None])
def test_nobody_is_told_of_what_nobody_watches(watched: Watched, *, notify: bool | None) -> None:
    watched.ask(NAME, notify_issued=notify)
    assert watched.notices() == []


def test_an_entry_of_gitops_is_told_of_unasked(watched: Watched) -> None:
    watched.entries.names.add(NAME)
    watched.ask(NAME)
    assert [subject for subject, _ in watched.notices()] == ["Certificate Issued"]


def test_a_rejected_request_is_told_of_with_what_it_has_asked_for(watched: Watched) -> None:
    request = coded(csr(NAME))
    assert "error" in watched.ask(
        NAME,
        base64_csr_data=request,
        organization="Example",
        lifetime=0,
        purposes=["server_auth"],
        sans={"DNS_NAME": NAME, "IP_ADDRESS": "192.0.2.1"},
    )
    ((subject, notice),) = watched.notices()
    assert subject == "Certificate Request Rejected"
    assert list(notice) == ["CSRInfo", "Base64CSR", "Subject", "Reason"]
    assert notice["Reason"] == "0 is too short"
    assert notice["Base64CSR"] == request
    assert notice["Subject"] == SUBJECT
    assert list(notice["CSRInfo"]) == ["CommonName", "Lifetime", "Purposes", "SANs"]
    assert notice["CSRInfo"]["CommonName"] == NAME
    assert {"type": "IP_ADDRESS", "value": "192.0.2.1"} in notice["CSRInfo"]["SANs"]


@pytest.mark.parametrize(("asked", "told"), [(-1e300, -(10**9)), (None, None), ("x", None)])
def test_a_lifetime_that_nobody_can_have_is_a_number_that_readers_can(
    watched: Watched, asked: object, told: object
) -> None:
    assert "error" in watched.ask(NAME, lifetime=asked)
    ((_, notice),) = watched.notices()
    assert notice["CSRInfo"]["Lifetime"] == told


def test_a_revocation_is_told_of_once_whoever_has_made_it(watched: Watched) -> None:
    answer = watched.ask(NAME, organization="Example")
    watched.world.clock.advance(timedelta(hours=1))
    watched.revoke(answer)
    watched.follow()
    ((subject, notice),) = watched.notices()
    assert subject == "Certificate Revoked"
    assert notice == {
        "CommonName": NAME,
        "SerialNumber": str(certificate(answer).serial_number),
        "Revoked": "2026-03-01 13:00:00.123456",
        "Subject": SUBJECT,
    }
    watched.follow()
    assert watched.notices() == []


def test_a_lost_commit_tells_of_a_revocation_after_all(watched: Watched) -> None:
    watched.revoke(watched.ask(NAME))
    watched.world.store.commits_to_lose = 1
    with pytest.raises(Exception, match="full"):
        watched.follow()
    assert watched.notices() == []
    watched.follow()
    assert [subject for subject, _ in watched.notices()] == ["Certificate Revoked"]


def test_certificates_of_others_are_told_of_elsewhere(watched: Watched) -> None:
    """acm-pca's certificates have no notices, revoked or not."""
    issued = watched.world.issue(watched.issuing)
    watched.world.ca.revocation.revoke(CALLER, watched.issuing, f"{issued.arn.serial:x}", "SUPERSEDED")
    watched.follow()
    assert watched.notices() == []
    assert not watched.store.view(watched.noted.moved)


def test_every_notice_has_the_source_that_rules_name() -> None:
    kinds = [kind for shape in SHAPES.values() for kind in shape.kinds if kind.source == SOURCE]
    assert {kind.detail_type for kind in kinds} == {
        "Certificate Issued",
        "Certificate Request Rejected",
        "Certificate Revoked",
        "Certificate Expiry Warning",
        "Certificate Expired",
    }
