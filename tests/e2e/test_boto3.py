"""boto3 drives a running service in both protocols of acm-pca, as it would drive AWS."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from cryptography import x509

from tests.e2e import openssl
from tests.e2e.boto import EC_CONFIGURATION, PROTOCOLS, activate, client, create, csr_for, issue, watched
from tests.service import Service


@pytest.fixture(scope="module", params=PROTOCOLS)
def pca(request: pytest.FixtureRequest, service: Service) -> Iterator[Any]:
    """An acm-pca client in one protocol; what went over the wire is looked at when it is closed."""
    with watched(service, request.param) as made:
        yield made


@pytest.fixture(scope="module")
def root(pca: Any) -> str:
    arn = create(pca, Tags=[{"Key": f"tag-{n}", "Value": str(n)} for n in range(5)])
    activate(pca, arn)
    return arn


def _describe(pca: Any, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = pca.describe_certificate_authority(CertificateAuthorityArn=arn)
    return dict(found["CertificateAuthority"])


def test_a_hierarchy_is_made_and_its_certificate_verifies(pca: Any, root: str, tmp_path: Path) -> None:
    """Root, a CA below it, one below that, and a certificate that openssl verifies for its name."""
    upper = create(pca, "SUBORDINATE", "MyCompany Policy CA")
    activate(pca, upper, parent=root, path_length=1)
    lower = create(pca, "SUBORDINATE", "MyCompany Issuing CA")
    activate(pca, lower, parent=upper, path_length=0)
    arn = issue(pca, lower, csr_for("app.internal"), "EndEntityServerAuthCertificate")
    found = pca.get_certificate(CertificateAuthorityArn=lower, CertificateArn=arn)
    top = pca.get_certificate_authority_certificate(CertificateAuthorityArn=root)
    assert "CertificateChain" not in top
    assert found["CertificateChain"].count("BEGIN CERTIFICATE") == 3
    assert found["CertificateChain"].endswith(top["Certificate"])
    leaf, trusted, chain = (tmp_path / name for name in ("leaf.pem", "root.pem", "chain.pem"))
    leaf.write_text(found["Certificate"])
    trusted.write_text(top["Certificate"])
    chain.write_text(found["CertificateChain"])
    openssl.verify(leaf, trusted, chain, "-verify_hostname", "app.internal", "-purpose", "sslserver")


def test_an_authority_is_described_in_the_types_of_boto3(pca: Any, root: str) -> None:
    """Times with their zone, the configuration as it was given, what has no value left out."""
    before = datetime.now(UTC)
    described = _describe(pca, root)
    assert described["Arn"] == root
    assert described["OwnerAccount"] == root.split(":")[4]
    assert (described["Type"], described["Status"]) == ("ROOT", "ACTIVE")
    assert described["CertificateAuthorityConfiguration"] == EC_CONFIGURATION
    assert timedelta(0) <= before - described["CreatedAt"] < timedelta(minutes=10)
    assert timedelta(days=999) < described["NotAfter"] - described["NotBefore"] < timedelta(days=1001)
    assert "RestorableUntil" not in described
    pem = pca.get_certificate_authority_certificate(CertificateAuthorityArn=root)["Certificate"]
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert described["Serial"] == str(certificate.serial_number)


def test_every_kind_of_validity_is_understood(pca: Any, root: str) -> None:
    """Epoch seconds, a date, days, months and years; and a certificate does not outlive its issuer."""
    now = datetime.now(UTC).replace(microsecond=0)
    end = now + timedelta(days=40)
    kinds: dict[str, tuple[int, timedelta]] = {
        "ABSOLUTE": (int(end.timestamp()), timedelta(0)),
        "END_DATE": (int(end.strftime("%Y%m%d%H%M%S")), timedelta(0)),
        "DAYS": (40, timedelta(minutes=1)),
        "MONTHS": (1, timedelta(days=13)),
        "YEARS": (1, timedelta(days=327)),
    }
    for kind, (value, tolerance) in kinds.items():
        arn = issue(pca, root, csr_for("v.internal"), Validity={"Type": kind, "Value": value})
        pem = pca.get_certificate(CertificateAuthorityArn=root, CertificateArn=arn)["Certificate"]
        found = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
        assert abs(found - end) <= tolerance, kind
    with pytest.raises(pca.exceptions.ClientError) as refused:
        issue(pca, root, csr_for("v.internal"), Validity={"Type": "YEARS", "Value": 3})
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_the_paginator_of_authorities_meets_each_once(pca: Any, root: str) -> None:
    """A page at a time gives what one page gives, in the same order."""
    made = [root, create(pca), create(pca)]
    pages = pca.get_paginator("list_certificate_authorities")
    one_by_one = [
        authority["Arn"]
        for page in pages.paginate(PaginationConfig={"PageSize": 1})
        for authority in page["CertificateAuthorities"]
    ]
    at_once = pages.paginate().build_full_result()["CertificateAuthorities"]
    assert one_by_one == [authority["Arn"] for authority in at_once]
    assert [arn for arn in one_by_one if arn in made] == made


def test_the_paginator_of_tags_meets_each_once(pca: Any, root: str) -> None:
    """Five tags, two on a page."""
    pages = list(
        pca.get_paginator("list_tags").paginate(
            CertificateAuthorityArn=root, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["Tags"]) for page in pages] == [2, 2, 1]
    found = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    assert found == {f"tag-{n}": str(n) for n in range(5)}


def test_a_waiter_gives_up_on_what_does_not_exist(pca: Any, root: str) -> None:
    """At once: the error is no RequestInProgressException."""
    nowhere = f"{root}/certificate/{'0' * 31}1"
    with pytest.raises(WaiterError, match="ResourceNotFoundException"):
        pca.get_waiter("certificate_issued").wait(CertificateAuthorityArn=root, CertificateArn=nowhere)


def test_a_tag_is_removed_by_its_value_only_when_that_is_its_value(pca: Any) -> None:
    """And by its key whatever the value is; a tag may have none."""
    arn = create(pca, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c"}])
    untag = pca.untag_certificate_authority
    untag(CertificateAuthorityArn=arn, Tags=[{"Key": "a", "Value": "9"}, {"Key": "b"}, {"Key": "none"}])
    left = pca.list_tags(CertificateAuthorityArn=arn)["Tags"]
    assert left == [{"Key": "a", "Value": "1"}, {"Key": "c"}]


def test_a_repeated_issue_is_the_same_certificate(pca: Any, root: str, service: Service) -> None:
    """Within the token's five minutes, in either protocol; other parameters are refused."""
    csr, token = csr_for("again.internal"), {"IdempotencyToken": "an app's own token"}
    first = issue(pca, root, csr, **token)
    assert issue(pca, root, csr, **token) == first
    for protocol in PROTOCOLS:
        with client(service, protocol=protocol) as other:
            assert issue(other, root, csr, **token) == first
    assert issue(pca, root, csr) != first
    with pytest.raises(pca.exceptions.InvalidArgsException):
        issue(pca, root, csr, "EndEntityClientAuthCertificate", **token)


def test_a_repeated_creation_is_the_same_authority(pca: Any, service: Service) -> None:
    """The same rule for authorities."""
    token = {"IdempotencyToken": f"create {pca.meta.service_model.resolved_protocol}"}
    first = create(pca, **token)
    for protocol in PROTOCOLS:
        with client(service, protocol=protocol) as other:
            assert create(other, **token) == first
    with pytest.raises(pca.exceptions.InvalidArgsException):
        create(pca, "SUBORDINATE", **token)


def test_answers_carry_the_id_of_their_request(pca: Any) -> None:
    """For support and for the log: each its own, of successes and of errors."""
    first, second = (pca.list_certificate_authorities()["ResponseMetadata"]["RequestId"] for _ in range(2))
    assert first != second
    with pytest.raises(pca.exceptions.InvalidNextTokenException) as refused:
        pca.list_certificate_authorities(NextToken="x")
    assert refused.value.response["ResponseMetadata"]["RequestId"]
