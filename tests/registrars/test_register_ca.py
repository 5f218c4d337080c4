"""`privyseal device register-ca` against a running service and AWS IoT Core in two regions."""

import json
from collections.abc import Iterator

import pytest
from cryptography import x509

from privyseal.cli.main import run
from tests.registrars.between import Between
from tests.registrars.registry import Registry
from tests.service import Service

REGIONS = ("eu-central-1", "us-east-1")


@pytest.fixture(scope="module", name="service")
def service_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service") / "data").start()
    yield service
    service.kill()


def register(service: Service, url: str, *more: str) -> int:
    named = [word for region in REGIONS for word in ("--region", region)]
    where = ("--data-dir", str(service.data_dir), "--endpoint-url", url)
    return run(["device", "register-ca", *named, *where, *more])


def authority(service: Service) -> str:
    environment = service.environment
    params = {"CertificateAuthorityArn": environment.issuing_ca_arn}
    return str(environment.client().call("GetCertificateAuthorityCertificate", params)["Certificate"])


def test_each_region_gets_the_authority_and_a_proof_for_its_own_code(
    service: Service, aws: Between, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert register(service, aws.url, "--output", "json") == 0
    told = json.loads(capsys.readouterr().out)["registrations"]
    assert [(each["region"], each["outcome"]) for each in told] == [
        (region, "registered") for region in REGIONS
    ]
    issuing = x509.load_pem_x509_certificate(authority(service).encode())
    calls = [(call.region, call.operation) for call in aws.calls]
    steps = ("DescribeCACertificate", "GetRegistrationCode", "RegisterCACertificate")
    assert calls == [(region, step) for region in REGIONS for step in steps]
    for call in aws.calls:
        if call.operation == "RegisterCACertificate":
            proof = x509.load_pem_x509_certificate(call.params["verificationCertificate"].encode())
            proof.verify_directly_issued_by(issuing)
            (code,) = proof.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            assert code.value in aws.answers("registrationCode")
            assert x509.load_pem_x509_certificate(call.params["caCertificate"].encode()) == issuing
            assert (call.params["setAsActive"], call.params["allowAutoRegistration"]) == ("true", "false")
    for region, each in zip(REGIONS, told, strict=True):
        found = registry.authority(region, authority(service))
        assert (found["certificateArn"], found["status"]) == (each["arn"], "ACTIVE")


def test_again_it_changes_nothing(service: Service, aws: Between, registry: Registry) -> None:
    assert register(service, aws.url) == 0
    aws.take()
    assert register(service, aws.url) == 0
    assert {call.operation for call in aws.calls} == {"DescribeCACertificate"}
    assert {registry.authority(region, authority(service))["status"] for region in REGIONS} == {"ACTIVE"}


def test_one_that_is_inactive_becomes_active(service: Service, aws: Between, registry: Registry) -> None:
    register(service, aws.url)
    found = registry.authority(REGIONS[0], authority(service))
    iot = registry.client(REGIONS[0])
    iot.update_ca_certificate(certificateId=found["certificateId"], newStatus="INACTIVE")
    assert register(service, aws.url) == 0
    assert registry.authority(REGIONS[0], authority(service))["status"] == "ACTIVE"


@pytest.mark.parametrize("how", ["refuse", "lose"])
@pytest.mark.parametrize("number", range(6))
def test_after_a_failure_at_any_call_it_can_be_run_again(
    service: Service, aws: Between, registry: Registry, number: int, how: str
) -> None:
    aws.fail_at(number, how)
    assert register(service, aws.url) != 0
    assert register(service, aws.url) == 0
    for region in REGIONS:
        assert registry.authority(region, authority(service))["status"] == "ACTIVE"


def test_a_region_that_cannot_be_reached_does_not_keep_the_other_waiting(
    service: Service,
    aws: Between,
    registry: Registry,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's back-off
    aws.verdict = lambda _, call: "drop" if call.region == REGIONS[0] else "pass"
    assert register(service, aws.url, "--output", "json") == 1
    out, err = capsys.readouterr()
    outcomes = {each["region"]: each["outcome"] for each in json.loads(out)["registrations"]}
    assert outcomes == {REGIONS[0]: "failed", REGIONS[1]: "registered"}
    assert REGIONS[0] in err
    assert registry.authority(REGIONS[1], authority(service))["status"] == "ACTIVE"


def test_it_does_not_take_the_service_for_aws(
    service: Service, aws: Between, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a shell with what `privyseal env` prints."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    assert (
        run(["device", "register-ca", "--region", "eu-central-1", "--data-dir", str(service.data_dir)]) == 2
    )
    assert "--endpoint-url" in capsys.readouterr().err
