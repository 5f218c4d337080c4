"""The two formats of an audit report, read back by Python's own readers."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.ca.model import Certificate
from privyseal.ca.report_format import FIELDS, FORMATS, Record, record_of
from privyseal.names import AuthorityArn
from tests.stores.rows import authority, certificate

ARN = AuthorityArn("eu-west-1", "123456789012", "11223344-1234-1122-2233-112233445566")
AUTHORITY = authority(arn=ARN)
PLAIN = certificate(
    ARN.id,
    serial=0x00112233445566778899AABBCCDDEEFF,
    subject="2.5.4.5=#012345678901,CN=www.example1.com,OU=Sales,O=Example Company,L=Seattle,C=US",
    not_before=datetime(2020, 3, 2, 21, 43, 57, 999999, tzinfo=UTC),
    not_after=datetime(2020, 4, 7, 22, 43, 57, tzinfo=UTC),
    issued_at=datetime(2020, 3, 2, 22, 43, 58, tzinfo=UTC),
)
RENEWED = certificate(
    ARN.id,
    serial=1,
    subject="CN=x",
    template="SubordinateCACertificate_PathLen0/V1",
    not_before=datetime(2020, 1, 22, 20, 10, 49, tzinfo=UTC),
    not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    issued_at=datetime(2020, 1, 22, 21, 10, 49, tzinfo=UTC),
    revoked_at=datetime(2020, 2, 26, 20, 0, 36, tzinfo=UTC),
    revocation_reason="UNSPECIFIED",
    service_principal="acm.amazonaws.com",
)

PREFIX = f"arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/{ARN.id}/certificate/"
CSV = f"""\
awsAccountId,requestedByServicePrincipal,certificateArn,serial,subject,notBefore,notAfter,issuedAt,revokedAt,\
revocationReason,templateArn
123456789012,,{PREFIX}00112233445566778899aabbccddeeff,00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff,\
"2.5.4.5=#012345678901,CN=www.example1.com,OU=Sales,O=Example Company,L=Seattle,C=US",\
2020-03-02T21:43:57+0000,2020-04-07T22:43:57+0000,2020-03-02T22:43:58+0000,,,\
arn:aws:acm-pca:::template/EndEntityCertificate/V1
123456789012,acm.amazonaws.com,{PREFIX}00000000000000000000000000000001,\
00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01,CN=x,2020-01-22T20:10:49+0000,9999-12-31T23:59:59+0000,\
2020-01-22T21:10:49+0000,2020-02-26T20:00:36+0000,UNSPECIFIED,\
arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1
"""


def rendered(name: str, *pages: Sequence[Record]) -> str:
    return b"".join(FORMATS[name].render(pages)).decode()


def records(*rows: Certificate) -> list[Record]:
    return [record_of(AUTHORITY, row) for row in rows]


def test_csv_is_as_aws_shows_it() -> None:
    assert rendered("CSV", records(PLAIN, RENEWED)) == CSV


def test_json_leaves_out_what_has_no_value() -> None:
    plain, renewed = json.loads(rendered("JSON", records(PLAIN, RENEWED)))
    assert plain == {
        "awsAccountId": "123456789012",
        "certificateArn": f"{PREFIX}00112233445566778899aabbccddeeff",
        "serial": "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
        "subject": PLAIN.subject,
        "notBefore": "2020-03-02T21:43:57+0000",
        "notAfter": "2020-04-07T22:43:57+0000",
        "issuedAt": "2020-03-02T22:43:58+0000",
        "templateArn": "arn:aws:acm-pca:::template/EndEntityCertificate/V1",
    }
    assert list(renewed) == list(FIELDS)
    assert renewed["requestedByServicePrincipal"] == "acm.amazonaws.com"
    assert (renewed["revokedAt"], renewed["revocationReason"]) == ("2020-02-26T20:00:36+0000", "UNSPECIFIED")


def test_other_partitions_have_arns_of_their_own() -> None:
    chinese = record_of(authority(arn=AuthorityArn("cn-north-1", "123456789012", ARN.id)), PLAIN)
    assert chinese["templateArn"] == "arn:aws-cn:acm-pca:::template/EndEntityCertificate/V1"
    assert (chinese["certificateArn"] or "").startswith("arn:aws-cn:acm-pca:cn-north-1:")


@pytest.mark.parametrize("pages", [(), ([],)], ids=["no page", "an empty page"])
def test_a_report_on_nothing_is_complete(pages: tuple[list[Record], ...]) -> None:
    assert json.loads(rendered("JSON", *pages)) == []
    assert rendered("CSV", *pages) == f"{','.join(FIELDS)}\n"


subjects = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30).map(
        "CN={}".format
    ),
    max_size=9,
)


@given(subjects, st.integers(1, 4))
def test_readers_get_back_what_was_written(names: list[str], size: int) -> None:
    """Whatever a subject holds, wherever a page ends: one record for each, nothing else."""
    wanted = records(*(certificate(ARN.id, subject=name) for name in names))
    pages = [wanted[at : at + size] for at in range(0, len(wanted), size)]
    read = list(csv.DictReader(io.StringIO(rendered("CSV", *pages), newline="")))
    assert read == [{name: value or "" for name, value in each.items()} for each in wanted]
    given_back = json.loads(rendered("JSON", *pages))
    assert given_back == [{k: v for k, v in each.items() if v is not None} for each in wanted]


@given(subjects)
def test_no_value_is_a_formula(names: list[str]) -> None:
    """A spreadsheet takes a cell for a formula when it begins with one of these."""
    text = rendered("CSV", records(*(certificate(ARN.id, subject=name) for name in names)))
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not [value for value in row if value.startswith(("=", "+", "-", "@", "\t", "\r"))]
