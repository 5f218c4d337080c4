"""Requesting and issuing: what comes of a request, and when it does not."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from privyseal.ca.model import Tag
from privyseal.ca.states import Status as AuthorityStatus
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed import limits
from privyseal.managed.states import Status
from privyseal.names import AuthorityArn, new_id
from tests.ca.world import CALLER, REGION, STRANGER, TEMPLATE, pem
from tests.managed.kept import DAY, Kept

Refused = Callable[..., str]


def test_a_request_answers_before_anything_is_issued(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.request(authority)
    assert (kept.row(arn).status, kept.row(arn).material) == (Status.PENDING_VALIDATION, None)
    assert kept.woken == ["managed.issue"]
    assert kept.serials(authority) == set()
    kept.run("managed.issue")
    assert kept.row(arn).status is Status.ISSUED


def test_it_gets_a_server_and_client_certificate_of_13_months(kept: Kept) -> None:
    arn = kept.issued(kept.authority(), "www.example.com", names=["*.example.com", "www.example.com"])
    row = kept.row(arn)
    assert row.material is not None
    made = x509.load_der_x509_certificate(row.material.der)
    now = kept.clock.now().replace(microsecond=0)
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "www.example.com"
    assert made.not_valid_after_utc == now + timedelta(days=395) == row.not_after
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["www.example.com", "*.example.com"] == list(row.names)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    listed = kept.world.ca.reader.page(CALLER, row.authority_arn or "", None, 9)[0]
    (issued,) = (each for each in listed if each.serial == row.material.serial)
    assert (issued.service_principal, issued.der) == ("acm.amazonaws.com", row.material.der)


@pytest.mark.parametrize(
    ("algorithm", "kind", "bits"),
    [
        ("RSA_2048", rsa.RSAPublicKey, 2048),
        ("EC_prime256v1", ec.EllipticCurvePublicKey, 256),
        ("EC_secp384r1", ec.EllipticCurvePublicKey, 384),
    ],
)
def test_it_has_the_key_that_was_asked_for(kept: Kept, algorithm: str, kind: type, bits: int) -> None:
    arn = kept.issued(kept.authority(), key_algorithm=algorithm)
    material = kept.row(arn).material
    assert material is not None
    key = x509.load_der_x509_certificate(material.der).public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    assert isinstance(key, kind)
    assert key.key_size == bits


@pytest.mark.parametrize("algorithm", ["RSA_1024", "RSA_3072", "RSA_4096", "EC_secp521r1"])
def test_keys_that_are_for_imports_alone_are_refused(kept: Kept, refused: Refused, algorithm: str) -> None:
    text = refused(ErrorCode.VALIDATION, lambda: kept.request(kept.authority(), key_algorithm=algorithm))
    assert text == f"Encryption Algorithm {algorithm} is not supported in {REGION} region"


def test_a_public_certificate_is_refused(kept: Kept, refused: Refused) -> None:
    text = refused(ErrorCode.INVALID_ARGUMENT, kept.request, None)
    assert "CertificateAuthorityArn" in text


def test_the_same_token_within_an_hour_makes_nothing_new(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    arn = kept.request(authority, token="again")
    kept.wait(timedelta(minutes=59))
    assert kept.request(authority, token="again") == arn
    refused(ErrorCode.INVALID_ARGUMENT, lambda: kept.request(authority, "other.example.com", token="again"))
    kept.wait(timedelta(minutes=1))
    assert kept.request(authority, token="again") != arn
    assert len(kept.entries("acm:RequestCertificate")) == 2


def test_its_tags_are_kept_and_checked(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    tag = Tag("team", "web")
    arn = kept.request(authority, tags=[tag])
    tags = kept.store.view(lambda tx: kept.world.rows.tags.of(tx, arn.rpartition("/")[2]))
    assert tags == [tag]
    refused(ErrorCode.INVALID_TAG, lambda: kept.request(authority, tags=[tag, tag]))
    many = [Tag(f"tag-{n}", None) for n in range(51)]
    refused(ErrorCode.TOO_MANY_TAGS, lambda: kept.request(authority, tags=many))


@pytest.mark.parametrize(
    ("count", "code"), [(100, None), (101, ErrorCode.LIMIT_EXCEEDED)], ids=["100", "101"]
)
def test_it_has_a_hundred_names_at_most(kept: Kept, count: int, code: ErrorCode | None) -> None:
    authority = kept.authority()
    names = [f"host-{n}.example.com" for n in range(count)]
    found = None
    try:
        kept.request(authority, names[0], names=names[1:])
    except PrivySealError as error:
        found = error.code
    assert found is code


def test_a_common_name_has_64_characters_at_most(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    fits = "a" * 52 + ".example.com"
    assert kept.row(kept.issued(authority, fits)).status is Status.ISSUED
    refused(ErrorCode.INVALID_ARGUMENT, lambda: kept.request(authority, "a" + fits))


def constrained(kept: Kept) -> str:
    """Below a root that lets it name hosts of example.org alone."""
    root = kept.world.root()
    arn = kept.world.create("SUBORDINATE", subject={"CommonName": "Constrained"})
    permitted = x509.NameConstraints([x509.DNSName("example.org")], None).public_bytes()
    custom = {
        "ObjectIdentifier": "2.5.29.30",
        "Value": base64.b64encode(permitted).decode(),
        "Critical": True,
    }
    made = kept.world.issue(
        root,
        kept.world.csr_of(arn),
        template_arn=f"{TEMPLATE}SubordinateCACertificate_PathLen0_APIPassthrough/V1",
        validity=("DAYS", 1095),
        api_passthrough={"Extensions": {"CustomExtensions": [custom]}},
    )
    above = kept.world.ca.certification.certificate(CALLER, root).certificate
    kept.world.ca.certification.install(CALLER, arn, pem(made.der), above.encode())
    return arn


def elsewhere(kept: Kept) -> str:
    """An authority that is not there."""
    return str(AuthorityArn(REGION, CALLER.account, new_id()))


def foreign(kept: Kept) -> str:
    return str(AuthorityArn(REGION, STRANGER.account, new_id()))


def disabled(kept: Kept) -> str:
    arn = kept.authority()
    kept.world.set_status(arn, AuthorityStatus.DISABLED)
    return arn


def without_certificate(kept: Kept) -> str:
    return kept.world.create()


def short_lived(kept: Kept) -> str:
    return kept.authority(usage_mode="SHORT_LIVED_CERTIFICATE")


def ending(kept: Kept) -> str:
    arn = kept.authority()
    kept.clock.advance(timedelta(days=3650 - 394))
    return arn


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (elsewhere, "PCA_RESOURCE_NOT_FOUND"),
        (foreign, "PCA_ACCESS_DENIED"),
        (disabled, "PCA_INVALID_STATE"),
        (without_certificate, "PCA_INVALID_STATE"),
        (short_lived, "PCA_INVALID_DURATION"),
        (ending, "PCA_INVALID_DURATION"),
        (constrained, "PCA_NAME_CONSTRAINTS_VALIDATION"),
    ],
)
def test_a_request_that_its_authority_refuses_fails_later_and_says_why(
    kept: Kept, make: Callable[[Kept], str], reason: str
) -> None:
    arn = kept.issued(make(kept))
    row = kept.row(arn)
    assert (row.status, row.failure_reason) == (Status.FAILED, reason)
    assert (row.attempt, row.attempt_at) == (None, None)
    (told,) = kept.entries("acm:IssueManagedCertificate", arn)
    assert (told["result"], told["reason"]) == ("failure", reason)
    assert told["remedy"]
    kept.wait(DAY)
    assert kept.row(arn) == row


def test_an_authority_may_issue_until_its_own_end(kept: Kept) -> None:
    authority = kept.authority()
    kept.clock.advance(timedelta(days=3650 - 395))
    assert kept.row(kept.issued(authority)).status is Status.ISSUED


def test_requesting_needs_no_permission(kept: Kept) -> None:
    authority = kept.authority(granted=False)
    assert kept.row(kept.issued(authority)).status is Status.ISSUED


def test_what_is_down_is_tried_again_and_given_up_after_three_days(kept: Kept) -> None:
    authority = kept.authority()
    kept.world.keys.lost.add(AuthorityArn.parse(authority).id)
    kept.world.ca.issuance._keys._keys.clear()
    arn = kept.issued(authority)
    first = kept.row(arn)
    assert first.status is Status.PENDING_VALIDATION
    assert kept.entries("acm:IssueManagedCertificate") == []
    kept.wait(timedelta(minutes=1))
    second = kept.row(arn)
    assert second.failures > first.failures
    assert second.attempt == first.attempt  # the same key and the same serial number
    kept.clock.advance(limits.PATIENCE)
    kept.run()
    assert (kept.row(arn).status, kept.row(arn).failure_reason) == (Status.FAILED, "PCA_REQUEST_FAILED")


def test_what_was_down_and_comes_back_issues(kept: Kept) -> None:
    authority = kept.authority()
    kept.world.keys.lost.add(AuthorityArn.parse(authority).id)
    kept.world.ca.issuance._keys._keys.clear()
    arn = kept.issued(authority)
    kept.world.keys.lost.clear()
    kept.wait(timedelta(minutes=1))
    assert kept.row(arn).status is Status.ISSUED


def test_one_that_cannot_be_issued_fails_no_other(kept: Kept) -> None:
    good, bad = kept.authority(), disabled(kept)
    arns = [kept.request(each, f"host-{n}.example.com") for n, each in enumerate((good, bad, good))]
    kept.run()
    assert [kept.row(arn).status for arn in arns] == [Status.ISSUED, Status.FAILED, Status.ISSUED]


def test_more_than_a_page_is_issued_at_once(kept: Kept) -> None:
    authority = kept.authority()
    arns = [kept.request(authority, f"host-{n}.example.com") for n in range(70)]
    kept.run()
    assert {kept.row(arn).status for arn in arns} == {Status.ISSUED}
    assert len(kept.serials(authority)) == 70


def test_what_is_deleted_while_it_is_issued_stays_deleted(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.request(authority)

    def delete() -> None:
        certificates = kept.rows.certificates
        assert kept.store.transact(lambda tx: certificates.remove(tx, kept.row_in(tx, arn)))

    kept.between(delete)
    kept.run()
    assert kept.find(arn) is None
