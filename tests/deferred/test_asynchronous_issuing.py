"""Issuing that answers first and signs later: through boto3, and over a kill and a restart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from privyseal.client.csr import generate_csr
from privyseal.x509.inspect import inspect
from tests.service import Service

# Longer than a start takes, so that the service is surely killed before it signs.
DELAY = "2.5"


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Service]:
    """A service that signs later; its settings are in the file, so a restart has them too."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    settings = f"asynchronous-issuing = true\nissuing-delay-seconds = {DELAY}\n"
    (data / "privyseal.toml").write_text(settings)
    service = Service(data).start()
    yield service
    service.kill()


def acm_pca(service: Service) -> Any:
    found = service.environment
    return boto3.client(
        "acm-pca",
        endpoint_url=found.url,
        region_name=found.region,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
    )


def ask(client: Any, authority: str | None, csr: str, **more: Any) -> str:
    answer = client.issue_certificate(
        CertificateAuthorityArn=authority,
        Csr=csr.encode(),
        SigningAlgorithm="SHA256WITHECDSA",
        Validity={"Type": "DAYS", "Value": 7},
        **more,
    )
    return str(answer["CertificateArn"])


def code_of(client: Any, authority: str | None, arn: str) -> str:
    with pytest.raises(ClientError) as caught:
        client.get_certificate(CertificateAuthorityArn=authority, CertificateArn=arn)
    return str(caught.value.response["Error"]["Code"])


def test_the_arn_comes_first_and_the_waiter_gets_the_certificate(slow: Service) -> None:
    client, authority = acm_pca(slow), slow.environment.issuing_ca_arn
    csr, _ = generate_csr("later.example", ["later.example"])
    arn = ask(client, authority, csr, IdempotencyToken="once")
    assert code_of(client, authority, arn) == "RequestInProgressException"
    assert ask(client, authority, csr, IdempotencyToken="once") == arn
    client.get_waiter("certificate_issued").wait(CertificateAuthorityArn=authority, CertificateArn=arn)
    pem = client.get_certificate(CertificateAuthorityArn=authority, CertificateArn=arn)["Certificate"]
    assert f"{inspect(pem).serial:032x}" == arn.rsplit("/", 1)[1]
    assert ask(client, authority, csr, IdempotencyToken="once") == arn


def test_a_promise_survives_a_kill_and_is_kept_after_the_restart(slow: Service) -> None:
    client, authority = acm_pca(slow), slow.environment.issuing_ca_arn
    arns = [ask(client, authority, generate_csr(f"host-{number}.example")[0]) for number in range(5)]
    assert code_of(client, authority, arns[0]) == "RequestInProgressException"
    slow.kill()
    client = acm_pca(slow.start())
    for number, arn in enumerate(arns):
        client.get_waiter("certificate_issued").wait(CertificateAuthorityArn=authority, CertificateArn=arn)
        pem = client.get_certificate(CertificateAuthorityArn=authority, CertificateArn=arn)["Certificate"]
        summary = inspect(pem)
        assert f"{summary.serial:032x}" == arn.rsplit("/", 1)[1]
        assert summary.subject == f"CN=host-{number}.example"


def test_what_can_no_longer_be_issued_has_failed(slow: Service) -> None:
    client, authority = acm_pca(slow), slow.environment.issuing_ca_arn
    arn = ask(client, authority, generate_csr("never.example")[0])
    client.update_certificate_authority(CertificateAuthorityArn=authority, Status="DISABLED")
    waiter = client.get_waiter("certificate_issued")
    with pytest.raises(Exception, match=r"RequestFailedException|could not be issued"):
        waiter.wait(CertificateAuthorityArn=authority, CertificateArn=arn)
    assert code_of(client, authority, arn) == "RequestFailedException"


def test_a_bad_request_is_refused_at_once(slow: Service) -> None:
    client, authority = acm_pca(slow), slow.environment.issuing_ca_arn
    with pytest.raises(client.exceptions.MalformedCSRException):
        ask(client, authority, "no CSR")
