"""What boto3 raises: every modelled exception that can happen, AWS's exact texts, and other services."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from privyseal.ca.limits import MAX_AUTHORITIES
from tests.e2e.boto import EC_CONFIGURATION, PROTOCOLS, activate, client, create, csr_for, issue, watched
from tests.service import Service

# Modelled exceptions that nothing a client does here can bring about, and why.
NOT_REACHED = {
    "ConcurrentModificationException": "needs two changes of one authority at the same moment",
    "LimitExceededException": "has a test and a service of its own",
    "LockoutPreventedException": "an account's administrator cannot be locked out of its own authorities",
    "RequestFailedException": "nothing is left undone that a later request could ask about",
}


@dataclass(frozen=True)
class Scene:
    """An acm-pca client, a root in ACTIVE and its certificate, another authority in PENDING_CERTIFICATE."""

    pca: Any
    root: str
    pending: str
    certificate: str

    def revoke(self, serial: int) -> None:
        self.pca.revoke_certificate(
            CertificateAuthorityArn=self.root,
            CertificateSerial=f"{serial:x}",
            RevocationReason="UNSPECIFIED",
        )

    def install(self, certificate: bytes) -> None:
        self.pca.import_certificate_authority_certificate(
            CertificateAuthorityArn=self.pending, Certificate=certificate
        )


@pytest.fixture(scope="module", params=PROTOCOLS)
def scene(request: pytest.FixtureRequest, service: Service) -> Iterator[Scene]:
    with watched(service, request.param) as pca:
        root, pending = create(pca), create(pca)
        yield Scene(pca, root, pending, activate(pca, root))


def _revoke_twice(scene: Scene) -> None:
    serial = int(issue(scene.pca, scene.root, csr_for("r.internal"))[-32:], 16)
    for _ in range(2):
        scene.revoke(serial)


def _revoke_the_root(scene: Scene) -> None:
    scene.revoke(x509.load_pem_x509_certificate(scene.certificate.encode()).serial_number)


def _tag_beyond_the_limit(scene: Scene) -> None:
    arn = create(scene.pca, Tags=[{"Key": f"tag-{n}", "Value": ""} for n in range(50)])
    scene.pca.tag_certificate_authority(CertificateAuthorityArn=arn, Tags=[{"Key": "one more"}])


def _report_twice(scene: Scene) -> None:
    for _ in range(2):
        scene.pca.create_certificate_authority_audit_report(
            CertificateAuthorityArn=scene.root, S3BucketName="reports", AuditReportResponseFormat="JSON"
        )


def _permit_twice(scene: Scene) -> None:
    for _ in range(2):
        scene.pca.create_permission(
            CertificateAuthorityArn=scene.root, Principal="acm.amazonaws.com", Actions=["IssueCertificate"]
        )


def _describe(scene: Scene, arn: str) -> None:
    scene.pca.describe_certificate_authority(CertificateAuthorityArn=arn)


# Exception of the model → something that brings it about.
REACHED: dict[str, Callable[[Scene], object]] = {
    "CertificateMismatchException": lambda s: s.install(s.certificate.encode()),
    "InvalidArgsException": lambda s: issue(
        s.pca, s.root, csr_for("a.internal"), SigningAlgorithm="SHA256WITHRSA"
    ),
    "InvalidArnException": lambda s: _describe(s, f"{s.root}/x"),
    "InvalidNextTokenException": lambda s: s.pca.list_certificate_authorities(NextToken="x"),
    "InvalidPolicyException": lambda s: s.pca.put_policy(ResourceArn=s.root, Policy="{}"),
    "InvalidRequestException": _revoke_the_root,
    "InvalidStateException": lambda s: s.pca.delete_certificate_authority(CertificateAuthorityArn=s.root),
    "InvalidTagException": lambda s: create(s.pca, Tags=[{"Key": "aws:reserved", "Value": ""}]),
    "MalformedCSRException": lambda s: issue(s.pca, s.root, b"-----BEGIN CERTIFICATE REQUEST-----"),
    "MalformedCertificateException": lambda s: s.install(b"-----BEGIN CERTIFICATE-----"),
    "PermissionAlreadyExistsException": _permit_twice,
    "RequestAlreadyProcessedException": _revoke_twice,
    "RequestInProgressException": _report_twice,
    "ResourceNotFoundException": lambda s: _describe(s, s.root[:-12] + "0" * 12),
    "TooManyTagsException": _tag_beyond_the_limit,
}


@pytest.mark.parametrize("name", REACHED)
def test_a_modelled_exception_can_be_caught_by_its_name(scene: Scene, name: str) -> None:
    """As client.exceptions has it, with a message and the status 400."""
    with pytest.raises(getattr(scene.pca.exceptions, name)) as raised:
        REACHED[name](scene)
    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(response["Error"]["Message"]) > 10


def test_every_modelled_exception_has_its_row(scene: Scene) -> None:
    """Reached here, or with the reason why not."""
    model = scene.pca.meta.service_model
    modelled = {
        shape.name for name in model.operation_names for shape in model.operation_model(name).error_shapes
    }
    assert modelled == set(REACHED) | set(NOT_REACHED)


def test_an_account_has_as_many_authorities_as_on_aws(tmp_path: Path) -> None:
    """LimitExceededException at the 201st, in either protocol."""
    own = Service(tmp_path / "data").start()
    try:
        with client(own) as pca:
            for _ in range(MAX_AUTHORITIES - 2):  # `up` made two
                create(pca)
        for protocol in PROTOCOLS:
            with client(own, protocol=protocol) as pca, pytest.raises(pca.exceptions.LimitExceededException):
                create(pca)
    finally:
        assert own.stop() == 0


def _get_from_deleted(scene: Scene) -> str:
    """GetCertificate on an authority that has been deleted; its ARN stands in the text."""
    arn = create(scene.pca)
    activate(scene.pca, arn)
    certificate = issue(scene.pca, arn, csr_for("d.internal"))
    scene.pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="DISABLED")
    scene.pca.delete_certificate_authority(CertificateAuthorityArn=arn, PermanentDeletionTimeInDays=7)
    with pytest.raises(scene.pca.exceptions.InvalidStateException) as raised:
        scene.pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=certificate)
    return str(raised.value.response["Error"]["Message"]).replace(arn, "<arn>")


def test_the_text_about_certificates_of_a_deleted_authority_is_that_of_aws(scene: Scene) -> None:
    expected = "The certificate authority <arn> is not in the correct state to have issued certificates."
    assert _get_from_deleted(scene) == expected


# Clients match on these texts, word for word: what is done, the text.
TEXTS: dict[str, tuple[Callable[[Scene], object], str]] = {
    "issue from one that is not ACTIVE": (
        lambda s: issue(s.pca, s.pending, csr_for("a.internal")),
        "The certificate authority is not in a valid state for issuing certificates",
    ),
    "get the certificate of a pending one": (
        lambda s: s.pca.get_certificate_authority_certificate(CertificateAuthorityArn=s.pending),
        (
            "The certificate authority <pending> is not in the correct state"
            " to have a certificate signing request."
        ),
    ),
    "update a pending one": (
        lambda s: s.pca.update_certificate_authority(CertificateAuthorityArn=s.pending, Status="DISABLED"),
        "The certificate authority must be in the ACTIVE or DISABLED state to be updated",
    ),
    "delete an ACTIVE one": (
        lambda s: s.pca.delete_certificate_authority(CertificateAuthorityArn=s.root),
        "The certificate authority is not in a valid state for deletion.",
    ),
    "revoke a root": (_revoke_the_root, "Self-signed certificate can not be revoked"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_that_clients_match_on_is_that_of_aws(scene: Scene, what: str) -> None:
    """Terraform compares these."""
    act, text = TEXTS[what]
    with pytest.raises(ClientError) as raised:
        act(scene)
    assert raised.value.response["Error"]["Message"] == text.replace("<pending>", scene.pending)


def test_who_asks_is_answered(service: Service) -> None:
    """sts.get_caller_identity: account, ARN and the key's id."""
    with client(service, "sts") as sts:
        told = sts.get_caller_identity()
    assert told["Account"] == str(service.environment.root_ca_arn).split(":")[4]
    assert told["Arn"].startswith(f"arn:aws:iam::{told['Account']}:")


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("s3", "list_buckets"),
        ("dynamodb", "list_tables"),
        ("iam", "list_users"),
        ("secretsmanager", "list_secrets"),
        ("glacier", "list_vaults"),
        ("ec2", "describe_instances"),
    ],
)
def test_a_call_to_another_service_says_how_to_get_back(service: Service, name: str, method: str) -> None:
    """Each in the form that its own client reads."""
    with client(service, name) as other, pytest.raises(ClientError) as raised:
        getattr(other, method)()
    error = raised.value.response["Error"]
    assert error["Code"] == "UnknownServiceException"
    assert f"'{name}'" in error["Message"]
    assert "privyseal env --unset" in error["Message"]


def test_a_configuration_that_cannot_be_is_refused_by_the_service_too(scene: Scene, service: Service) -> None:
    """Where the SDK does not check: SM2 by name, an unknown algorithm by the constraint."""
    for algorithm, code in (("SM2", "InvalidArgsException"), ("DSA_1024", "ValidationException")):
        with pytest.raises(ClientError) as raised:
            scene.pca.create_certificate_authority(
                CertificateAuthorityConfiguration=EC_CONFIGURATION | {"KeyAlgorithm": algorithm},
                CertificateAuthorityType="ROOT",
            )
        assert raised.value.response["Error"]["Code"] == code
        assert algorithm in raised.value.response["Error"]["Message"]
