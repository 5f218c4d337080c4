"""ListCertificates: AWS's default filters, every filter, both orders, and pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.acm.pairs import Pair, Wanted, authority, make
from tests.acm.scene import OTHER, USER, Scene

EVERY_TYPE = ["RSA_1024", "RSA_2048", "EC_prime256v1", "EC_secp384r1"]


@pytest.fixture(name="full")
def full_fixture(acm: Scene) -> dict[str, str]:
    """One of each: what it is called → its ARN, a second between them."""
    made: dict[str, str] = {}
    steps: list[tuple[str, Callable[[], str]]] = [
        ("rsa", lambda: acm.imported(acm.pair(kind="RSA_2048"))),
        ("small", lambda: acm.imported(acm.pair(kind="RSA_1024"))),
        ("ec", lambda: acm.imported(acm.pair(usages=frozenset({"key_agreement"})))),
        (
            "nameless",
            lambda: acm.imported(_nameless(acm)),
        ),
        ("private", acm.exported),
        ("pending", lambda: acm.requested(KeyAlgorithm="RSA_2048")),
    ]
    for name, step in steps:
        made[name] = step()
        acm.kept.clock.advance(timedelta(seconds=1))
    return made


def _nameless(acm: Scene) -> Pair:
    above = authority(acm.now, "RSA_2048")
    return make(Wanted(acm.now, None, (), "RSA_2048", 1, above, purposes=()))


def _listed(acm: Scene, full: dict[str, str], **members: Any) -> list[str]:
    names = {arn: name for name, arn in full.items()}
    found = acm.wire.do("ListCertificates", **members)["CertificateSummaryList"]
    return [names[each["CertificateArn"]] for each in found]


def test_rsa_up_to_2048_bits_with_a_domain_is_what_is_listed_by_default(
    acm: Scene, full: dict[str, str]
) -> None:
    assert _listed(acm, full) == ["rsa", "small", "pending"]


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"Includes": {"keyTypes": EVERY_TYPE}}, ["rsa", "small", "ec", "nameless", "private", "pending"]),
    ({"Includes": {"keyTypes": ["RSA_2048"]}}, ["rsa", "nameless", "pending"]),
    ({"CertificateStatuses": ["PENDING_VALIDATION"]}, ["pending"]),
    ({"CertificateStatuses": ["ISSUED", "EXPIRED"]}, ["rsa", "small"]),
    ({"CertificateStatuses": []}, ["rsa", "small", "pending"]),
    ({"CertificateKeyPairOrigins": ["AWS_MANAGED"]}, ["pending"]),
    ({"CertificateKeyPairOrigins": ["ACME"]}, []),
    ({"Includes": {"keyTypes": EVERY_TYPE, "keyUsage": ["KEY_AGREEMENT"]}}, ["ec"]),
    ({"Includes": {"keyTypes": EVERY_TYPE, "extendedKeyUsage": ["NONE"]}}, ["nameless"]),
    ({"Includes": {"keyTypes": EVERY_TYPE, "exportOption": "ENABLED"}}, ["private", "pending"]),
    ({"Includes": {"managedBy": "CLOUDFRONT"}}, []),
    ({"SortBy": "CREATED_AT", "SortOrder": "ASCENDING"}, ["rsa", "small", "pending"]),
    ({"SortBy": "CREATED_AT", "SortOrder": "DESCENDING"}, ["pending", "small", "rsa"]),
]


@pytest.mark.parametrize(("members", "expected"), FILTERS, ids=str)
def test_a_filter_leaves_what_it_says(
    acm: Scene, full: dict[str, str], members: dict[str, Any], expected: list[str]
) -> None:
    assert _listed(acm, full, **members) == expected


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_pages_are_the_whole_in_parts(acm: Scene, full: dict[str, str], order: str) -> None:
    wanted = {"Includes": {"keyTypes": EVERY_TYPE}, "SortBy": "CREATED_AT", "SortOrder": order}
    whole = acm.wire.do("ListCertificates", **wanted)["CertificateSummaryList"]
    parts: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = acm.wire.do("ListCertificates", MaxItems=2, **wanted, **token)
        parts += page["CertificateSummaryList"]
        if "NextToken" not in page:
            break
        assert len(page["CertificateSummaryList"]) == 2
        token = {"NextToken": page["NextToken"]}
    assert parts == whole
    assert len(parts) == len(full)


def test_a_summary_says_what_is_known(acm: Scene) -> None:
    """And nothing of what is not."""
    names = [f"n{number}.example.com" for number in range(120)]
    arn = acm.imported(acm.pair(kind="RSA_2048", names=names, name=names[0]))
    [found] = acm.wire.do("ListCertificates")["CertificateSummaryList"]
    described = acm.described(arn)
    assert found == {
        "CertificateArn": arn,
        "DomainName": "n0.example.com",
        "SubjectAlternativeNameSummaries": names[:100],
        "HasAdditionalSubjectAlternativeNames": True,
        "Status": "ISSUED",
        "Type": "IMPORTED",
        "KeyAlgorithm": "RSA_2048",
        "KeyUsages": ["DIGITAL_SIGNATURE"],
        "ExtendedKeyUsages": ["TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"],
        "ExportOption": "DISABLED",
        "InUse": False,
        "Exported": False,
        "RenewalEligibility": "INELIGIBLE",
        "NotBefore": described["NotBefore"],
        "NotAfter": described["NotAfter"],
        "CreatedAt": described["CreatedAt"],
        "ImportedAt": described["ImportedAt"],
        "CertificateKeyPairOrigin": "CUSTOMER_PROVIDED",
    }


def test_what_changes_is_listed_as_it_is(acm: Scene) -> None:
    """Requested, issued, exported, revoked, deleted: the list follows at once."""

    def seen() -> list[tuple[Any, ...]]:
        found = acm.wire.do("ListCertificates", Includes={"keyTypes": EVERY_TYPE})["CertificateSummaryList"]
        return [(each["Status"], each["Exported"], each["RenewalEligibility"]) for each in found]

    arn = acm.requested()
    assert seen() == [("PENDING_VALIDATION", False, "INELIGIBLE")]
    acm.kept.run("managed.issue")
    assert seen() == [("ISSUED", False, "INELIGIBLE")]
    acm.wire.do("ExportCertificate", CertificateArn=arn, Passphrase=b"long enough")
    assert seen() == [("ISSUED", True, "ELIGIBLE")]
    acm.wire.do("RevokeCertificate", CertificateArn=arn, RevocationReason="SUPERSEDED")
    assert seen() == [("REVOKED", True, "INELIGIBLE")]
    acm.wire.do("DeleteCertificate", CertificateArn=arn)
    assert seen() == []


def test_nobody_sees_what_is_anothers(acm: Scene, full: dict[str, str]) -> None:
    wire = acm.wire_of(OTHER)
    assert wire.do("ListCertificates", Includes={"keyTypes": EVERY_TYPE}) == {"CertificateSummaryList": []}
    assert wire.do("SearchCertificates") == {"Results": []}
    wire.close()


def test_who_may_do_nothing_lists_nothing(acm: Scene) -> None:
    wire = acm.wire_of(USER)
    error, message = wire.refused("ListCertificates")
    wire.close()
    assert error == "AccessDeniedException"
    assert "acm:ListCertificates" in message


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"SortBy": "CREATED_AT"}, "ValidationException"),
    ({"SortOrder": "ASCENDING"}, "ValidationException"),
    ({"MaxItems": 0}, "ValidationException"),
    ({"MaxItems": 1001}, "ValidationException"),
    ({"NextToken": "nonsense"}, "InvalidArgsException"),
    ({"NextToken": "WzEsMl0"}, "InvalidArgsException"),
]


@pytest.mark.parametrize(("members", "error"), REFUSED, ids=str)
def test_what_makes_no_sense_is_refused(acm: Scene, members: dict[str, Any], error: str) -> None:
    assert acm.wire.refused("ListCertificates", **members)[0] == error


def test_a_token_goes_on_in_its_own_order_alone(acm: Scene, full: dict[str, str]) -> None:
    token = acm.wire.do("ListCertificates", MaxItems=1)["NextToken"]
    refused = acm.wire.refused(
        "ListCertificates", NextToken=token, SortBy="CREATED_AT", SortOrder="DESCENDING"
    )
    assert refused[0] == "InvalidArgsException"
