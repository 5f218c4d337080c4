"""CA certificates, their bundle and CRLs under serverless-ca's names."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.errors import ErrorCode, PrivySealError
from tests.programs import program
from tests.serverless.watched import BUCKET, GO_ON, Watched
from tests.serverless.world import certificate

PEM, CRL, CRT = "application/x-pem-file", "application/pkix-crl", "application/x-x509-ca-cert"
ROOT, ISSUING = "serverless-root-ca-dev", "serverless-issuing-ca-dev"


def content(watched: Watched, name: str) -> bytes:
    return watched.world.publisher.objects[BUCKET, name][0]


def published(watched: Watched) -> None:
    watched.switch_crls_on()
    watched.make_crls()
    watched.objects().run(GO_ON)


def test_every_object_has_its_name_and_its_content_type(watched: Watched) -> None:
    published(watched)
    assert {key[1]: value[1] for key, value in watched.world.publisher.objects.items()} == {
        f"{ROOT}.crt": CRT,
        f"{ROOT}.crl": CRL,
        f"{ROOT}.crl.pem": PEM,
        f"{ISSUING}.crt": CRT,
        f"{ISSUING}.crl": CRL,
        f"{ISSUING}.crl.pem": PEM,
        "serverless-ca-bundle-dev.pem": PEM,
    }


def test_the_bundle_is_the_root_and_then_the_issuing_authority(watched: Watched) -> None:
    published(watched)
    bundle = content(watched, "serverless-ca-bundle-dev.pem")
    assert bundle == content(watched, f"{ROOT}.crt") + content(watched, f"{ISSUING}.crt")
    root, issuing = x509.load_pem_x509_certificates(bundle)
    issuing.verify_directly_issued_by(root)


def test_both_forms_are_one_crl(watched: Watched) -> None:
    published(watched)
    for slug in (ROOT, ISSUING):
        pem = x509.load_pem_x509_crl(content(watched, f"{slug}.crl.pem"))
        assert pem == x509.load_der_x509_crl(content(watched, f"{slug}.crl"))


def test_openssl_finds_a_revoked_certificate_in_what_was_published(watched: Watched, tmp_path: Path) -> None:
    good, bad = watched.ask("good.example.com"), watched.ask("bad.example.com")
    published(watched)
    watched.revoke(bad)
    watched.world.clock.advance(timedelta(minutes=2))
    watched.make_crls()
    watched.objects().run(GO_ON)
    for name in ("serverless-ca-bundle-dev.pem", f"{ROOT}.crl.pem", f"{ISSUING}.crl.pem"):
        (tmp_path / name).write_bytes(content(watched, name))
    crls = tmp_path / "crls.pem"
    crls.write_bytes(b"".join(content(watched, f"{slug}.crl.pem") for slug in (ROOT, ISSUING)))
    bundle = tmp_path / "serverless-ca-bundle-dev.pem"
    moment = str(int(watched.world.clock.now().timestamp()))

    def judged(answer: dict[str, str]) -> str:
        leaf = tmp_path / "leaf.pem"
        leaf.write_bytes(x509_pem(answer))
        command: list[str | Path] = [
            "verify",
            "-attime",
            moment,
            "-crl_check_all",
            "-CAfile",
            bundle,
            "-CRLfile",
            crls,
            leaf,
        ]
        ran = subprocess.run([program("openssl"), *command], capture_output=True, text=True, check=False)
        return ran.stdout + ran.stderr

    assert judged(good).endswith("OK\n")
    assert "certificate revoked" in judged(bad)


def x509_pem(answer: dict[str, str]) -> bytes:
    return certificate(answer).public_bytes(Encoding.PEM)


def test_a_new_crl_is_published_and_an_idle_job_says_that_nothing_waits(watched: Watched) -> None:
    published(watched)
    objects = watched.objects()
    assert not watched.store.view(objects.waiting)
    before = content(watched, f"{ISSUING}.crl")
    watched.revoke(watched.ask())
    watched.world.clock.advance(timedelta(minutes=2))
    watched.make_crls()
    assert watched.store.view(objects.waiting)
    objects.run(GO_ON)
    assert content(watched, f"{ISSUING}.crl") != before
    assert not watched.store.view(objects.waiting)


def test_a_bucket_that_is_away_gets_everything_when_it_is_back(watched: Watched) -> None:
    watched.world.publisher.failure = PrivySealError(ErrorCode.UNAVAILABLE, "away")
    with pytest.raises(PrivySealError):
        published(watched)
    watched.world.publisher.failure = None
    watched.objects().run(GO_ON)
    assert len(watched.world.publisher.objects) == 7
