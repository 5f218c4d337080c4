"""SearchCertificates: every filter, And, Or and Not to their limits, every order, and pages that end."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.managed import filters
from privyseal.managed.search import Order, SortBy
from privyseal.managed.searching import Query, Searching
from privyseal.stores.repositories.managed_rows import MANAGED_ROWS
from tests.acm.scene import Scene
from tests.acm.wire import MODEL
from tests.ca.world import CALLER, REGION

SORTS = MODEL["shapes"]["SearchCertificatesSortBy"]["enum"]


@pytest.fixture(name="full")
def full_fixture(acm: Scene) -> dict[str, str]:
    """What a certificate is called → its ARN, a second between them."""
    made: dict[str, str] = {}
    steps: list[tuple[str, Callable[[], str]]] = [
        ("rsa", lambda: acm.imported(acm.pair(kind="RSA_2048", days=(-3, 30)))),
        (
            "ec",
            lambda: acm.imported(acm.pair(name="EC.Example.Com", names=("api.example.com", "x.example.org"))),
        ),
        ("private", lambda: acm.issued("private.example.com")),
        ("exported", lambda: acm.exported("exported.example.com")),
        ("pending", lambda: acm.requested("pending.example.com")),
    ]
    for name, step in steps:
        made[name] = step()
        acm.kept.clock.advance(timedelta(seconds=1))
    return made


def _x509(**members: Any) -> dict[str, Any]:
    return {"Filter": {"X509AttributeFilter": members}}


def _acm(**members: Any) -> dict[str, Any]:
    return {"Filter": {"AcmCertificateMetadataFilter": members}}


def _name(value: str, operator: str = "EQUALS") -> dict[str, Any]:
    return _x509(SubjectAlternativeName={"DnsName": {"Value": value, "ComparisonOperator": operator}})


def _common(value: str, operator: str = "EQUALS") -> dict[str, Any]:
    return _x509(Subject={"CommonName": {"Value": value, "ComparisonOperator": operator}})


def _found(acm: Scene, full: dict[str, str], statement: Any = None, **members: Any) -> list[str]:
    names = {arn: name for name, arn in full.items()}
    asked = {"FilterStatement": statement} if statement else {}
    return [
        names[each["CertificateArn"]]
        for each in acm.wire.do("SearchCertificates", **asked, **members)["Results"]
    ]


ALL = ["rsa", "ec", "private", "exported", "pending"]
STATEMENTS: list[tuple[dict[str, Any] | None, list[str]]] = [
    (None, ALL),
    (_common("ec.example.com"), ["ec"]),
    (_common("EXAMPLE.com", "CONTAINS"), ALL),
    (_common("example.co"), []),
    (_name("API.example.com"), ["ec"]),
    (_name(".example.org", "CONTAINS"), ["ec"]),
    (_x509(KeyAlgorithm="RSA_2048"), ["rsa"]),
    (_x509(KeyUsage="KEY_ENCIPHERMENT"), ["private", "exported"]),
    (_x509(ExtendedKeyUsage="TLS_WEB_CLIENT_AUTHENTICATION"), ["rsa", "ec", "private", "exported"]),
    (_x509(NotAfter={"End": 4_000_000_000}), ["rsa", "ec", "private", "exported"]),
    (_x509(NotAfter={"Start": 4_000_000_000}), []),
    (_x509(NotBefore={}), ["rsa", "ec", "private", "exported"]),
    (_x509(SerialNumber="01:02"), []),
    (_acm(Status="PENDING_VALIDATION"), ["pending"]),
    (_acm(RenewalStatus="SUCCESS"), []),
    (_acm(Type="IMPORTED"), ["rsa", "ec"]),
    (_acm(InUse=True), []),
    (_acm(InUse=False), ALL),
    (_acm(Exported=True), ["exported"]),
    (_acm(ExportOption="ENABLED"), ["private", "exported", "pending"]),
    (_acm(ManagedBy="CLOUDFRONT"), []),
    (_acm(ValidationMethod="DNS"), []),
    (_acm(CertificateKeyPairOrigin="AWS_MANAGED"), ["private", "exported", "pending"]),
    (_acm(AcmeAccountId="1" * 36), []),
    (_acm(AcmeEndpointArn="arn:aws:acm:eu-central-1:111122223333:acme-endpoint/1"), []),
    ({"Filter": {"CertificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/1"}}, []),
    ({"Not": _acm(Type="IMPORTED")}, ["private", "exported", "pending"]),
    ({"And": [_acm(Type="PRIVATE"), {"Not": _acm(Exported=True)}]}, ["private", "pending"]),
    ({"Or": [_acm(Type="IMPORTED"), _acm(Status="PENDING_VALIDATION")]}, ["rsa", "ec", "pending"]),
    ({"And": [_name("api.example.com"), _acm(Type="PRIVATE")]}, []),
    ({"Or": [_name("api.example.com"), _acm(Type="PRIVATE")]}, ["ec", "private", "exported", "pending"]),
    ({"Not": _name("api.example.com")}, ["rsa", "private", "exported", "pending"]),
]


@pytest.mark.parametrize(("statement", "expected"), STATEMENTS, ids=str)
def test_a_statement_finds_what_it_says(
    acm: Scene, full: dict[str, str], statement: dict[str, Any] | None, expected: list[str]
) -> None:
    assert _found(acm, full, statement) == expected


def test_one_is_found_by_its_arn_and_by_its_serial_number(acm: Scene, full: dict[str, str]) -> None:
    assert _found(acm, full, {"Filter": {"CertificateArn": full["ec"]}}) == ["ec"]
    serial = acm.described(full["private"])["Serial"]
    assert _found(acm, full, _x509(SerialNumber=serial)) == ["private"]


def test_a_range_of_times_has_both_its_ends(acm: Scene, full: dict[str, str]) -> None:
    at = acm.described(full["rsa"])["NotAfter"]
    assert _found(acm, full, _x509(NotAfter={"Start": at, "End": at})) == ["rsa"]
    assert _found(acm, full, _x509(NotAfter={"Start": at + 0.5, "End": at + 0.9})) == []


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_total_and_the_other_way_round_too(
    acm: Scene, full: dict[str, str], sort: str
) -> None:
    """In pages of one as in a page of all."""
    up = _found(acm, full, SortBy=sort, SortOrder="ASCENDING")
    assert sorted(up) == sorted(ALL)
    assert _found(acm, full, SortBy=sort, SortOrder="DESCENDING") == up[::-1]
    names = {arn: name for name, arn in full.items()}
    for order, whole in (("ASCENDING", up), ("DESCENDING", up[::-1])):
        pages = list(_pages(acm, SortBy=sort, SortOrder=order, MaxResults=1))
        assert [names[each["CertificateArn"]] for page in pages for each in page] == whole


ORDERED = [
    ("CREATED_AT", ALL),
    ("NOT_AFTER", ["pending", "rsa", "ec", "private", "exported"]),
    ("COMMON_NAME", ["ec", "exported", "rsa", "pending", "private"]),
]


@pytest.mark.parametrize(("sort", "expected"), ORDERED)
def test_an_order_is_the_one_that_was_asked_for(
    acm: Scene, full: dict[str, str], sort: str, expected: list[str]
) -> None:
    assert _found(acm, full, SortBy=sort) == expected


def _pages(acm: Scene, **members: Any) -> Iterator[list[Any]]:
    token: Mapping[str, str] = {}
    while True:
        page = acm.wire.do("SearchCertificates", **members, **token)
        yield page["Results"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_what_an_index_answers_comes_in_pages_too(acm: Scene, full: dict[str, str], order: str) -> None:
    arns = [acm.imported(acm.pair(name="many.example.com", names=("many.example.com",))) for _ in range(5)]
    pages = list(
        _pages(
            acm,
            FilterStatement=_name("many.example.com"),
            MaxResults=2,
            SortBy="CERTIFICATE_ARN",
            SortOrder=order,
        )
    )
    assert [len(page) for page in pages] == [2, 2, 1]
    found = [each["CertificateArn"] for page in pages for each in page]
    assert found == sorted(arns, reverse=order == "DESCENDING")


def test_a_search_that_finds_little_ends_a_page_before_it_has_seen_everything(acm: Scene) -> None:
    """Its pages may be empty, and together they have it all."""
    arns = [acm.requested(f"n{number}.example.com") for number in range(10)]
    rows = MANAGED_ROWS
    few = Searching(acm.kept.store, rows.certificates, rows.search, most_seen=4)
    pages, after = [], None
    while True:
        query = Query(filters.Contains("domain", "n9"), Order(SortBy.CREATED_AT, False), after, 100)
        page = few.page(CALLER, REGION, query)
        pages.append([str(each.certificate.arn) for each in page.found])
        after = page.end
        if after is None:
            break
    assert len(pages) == 3
    assert [arn for page in pages for arn in page] == [arns[9]]


def test_a_result_says_what_is_in_the_certificate(acm: Scene) -> None:
    arn = acm.imported(acm.pair(kind="RSA_2048"))
    [found] = acm.wire.do("SearchCertificates")["Results"]
    described = acm.described(arn)
    assert found["CertificateArn"] == arn
    assert found["X509Attributes"] == {
        "Issuer": {"CommonName": "import.example.com"},
        "Subject": {"CommonName": "import.example.com"},
        "SubjectAlternativeNames": [{"DnsName": "import.example.com"}, {"DnsName": "www.import.example.com"}],
        "ExtendedKeyUsages": ["TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"],
        "KeyAlgorithm": "RSA_2048",
        "KeyUsages": ["DIGITAL_SIGNATURE"],
        "SerialNumber": described["Serial"],
        "NotAfter": described["NotAfter"],
        "NotBefore": described["NotBefore"],
    }
    assert found["CertificateMetadata"] == {
        "AcmCertificateMetadata": {
            "CreatedAt": described["CreatedAt"],
            "ImportedAt": described["ImportedAt"],
            "Exported": False,
            "InUse": False,
            "RenewalEligibility": "INELIGIBLE",
            "Status": "ISSUED",
            "Type": "IMPORTED",
            "ExportOption": "DISABLED",
            "CertificateKeyPairOrigin": "CUSTOMER_PROVIDED",
        }
    }


def _nested(levels: int) -> dict[str, Any]:
    statement = _acm(Type="PRIVATE")
    for _ in range(levels - 1):
        statement = {"Not": statement}
    return statement


def test_fifteen_levels_are_searched_and_sixteen_refused(acm: Scene, full: dict[str, str]) -> None:
    assert _found(acm, full, _nested(15)) == ["private", "exported", "pending"]
    error, message = acm.wire.refused("SearchCertificates", FilterStatement=_nested(16))
    assert (error, "15 levels" in message) == ("ValidationException", True)


REFUSED: dict[str, dict[str, Any]] = {
    "two members": {"And": [_nested(1)], "Or": [_nested(1)]},
    "no member": {},
    "a filter with two members": {"Filter": {**_nested(1)["Filter"], **_x509(KeyUsage="ANY")["Filter"]}},
    "a filter with none": {"Filter": {}},
    "a metadata filter with two": _acm(Type="PRIVATE", InUse=True),
    "an empty And": {"And": []},
    "sixteen in an Or": {"Or": [_nested(1)] * 16},
    "too many filters": {"And": [{"Or": [_nested(1)] * 15}] * 7},
    "a serial number that is none": _x509(SerialNumber="0102"),
    "a status that is none": _acm(Status="GONE"),
    "a time without end": _x509(NotAfter={"End": 1e300}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(acm: Scene, case: str) -> None:
    assert acm.wire.refused("SearchCertificates", FilterStatement=REFUSED[case])[0] == "ValidationException"


@pytest.mark.parametrize("levels", [100, 900, 20_000])
def test_a_deep_nest_is_refused_quickly(acm: Scene, levels: int) -> None:
    body = b'{"FilterStatement":' + b'{"Not":' * levels + b'{"Filter":{}}' + b"}" * levels + b"}"
    assert acm.wire.send_body("SearchCertificates", body).error in {
        "ValidationException",
        "SerializationException",
    }


@pytest.mark.parametrize("token", ["nonsense", "WzEsMl0", "W10", "WyJzdGF0dXMiLGZhbHNlLDEsIngiXQ"])
def test_a_token_that_nobody_gave_is_refused(acm: Scene, token: str) -> None:
    assert acm.wire.refused("SearchCertificates", NextToken=token)[0] == "ValidationException"


def test_every_order_of_the_model_is_one_of_ours() -> None:
    """Those of what no certificate here has are the order of the ARNs."""
    without = {"MANAGED_BY", "VALIDATION_METHOD", "ACME_ENDPOINT_ARN", "ACME_ACCOUNT_ID"}
    assert {each.name for each in SortBy} == set(SORTS) - without


_LEAVES = st.builds(filters.Is, st.just("kind"), st.sampled_from(["a", "b"]))
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(filters.Not, inner),
        st.builds(filters.And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(filters.Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


def _meant(tree: filters.Filter, kind: str) -> bool:
    match tree:
        case filters.And(of):
            return all(_meant(each, kind) for each in of)
        case filters.Or(of):
            return any(_meant(each, kind) for each in of)
        case filters.Not(of):
            return not _meant(of, kind)
        case filters.Is(_, value):
            return kind == value
    raise AssertionError(tree)


@given(_TREES, st.sampled_from(["a", "b", "c"]))
def test_a_test_says_of_a_row_what_its_filter_means(tree: filters.Filter, kind: str) -> None:
    class Row:
        pass

    row: Any = Row()
    row.kind = kind
    assert filters.test_of(tree)(row) == _meant(tree, kind)
