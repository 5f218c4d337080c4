"""ARNs, ids and serial numbers."""

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privyseal import names
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, CertificateArn

ID = "12345678-9abc-def0-1234-56789abcdef0"
AUTHORITY = f"arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/{ID}"
CERTIFICATE = f"{AUTHORITY}/certificate/00000000000000000000000000000abc"

regions = st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
accounts = st.from_regex(r"\A[0-9]{12}\Z")
authority_arns = st.builds(AuthorityArn, regions, accounts, st.uuids().map(str))
serials = st.integers(min_value=1, max_value=2**128 - 1)


@given(authority_arns)
def test_an_authoritys_arn_is_read_as_it_was_written(arn: AuthorityArn) -> None:
    assert AuthorityArn.parse(str(arn)) == arn
    assert 5 <= len(str(arn)) <= 200  # the service model's Arn


@given(authority_arns, serials)
def test_a_certificates_arn_is_read_as_it_was_written(authority: AuthorityArn, serial: int) -> None:
    arn = CertificateArn(authority, serial)
    assert CertificateArn.parse(str(arn)) == arn
    assert str(arn).startswith(f"{authority}/certificate/")
    assert re.fullmatch(r"[0-9a-f]{32}", str(arn).rpartition("/")[2])


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_follows_the_region(region: str, partition: str) -> None:
    arn = AuthorityArn(region, "111122223333", ID)
    assert str(arn).startswith(f"arn:{partition}:acm-pca:{region}:")


MALFORMED = {
    "empty": "",
    "another service": AUTHORITY.replace("acm-pca", "acm"),
    "the partition of another region": AUTHORITY.replace("arn:aws:", "arn:aws-cn:"),
    "an unknown partition": AUTHORITY.replace("arn:aws:", "arn:gcp:"),
    "a short account": AUTHORITY.replace("111122223333", "11112222333"),
    "an account in other digits": AUTHORITY.replace("111122223333", "١١١١٢٢٢٢٣٣٣٣"),
    "an upper-case id": AUTHORITY.replace("abc", "ABC"),
    "a trailing newline": f"{AUTHORITY}\n",
    "a leading space": f" {AUTHORITY}",
    "a trailing slash": f"{AUTHORITY}/",
    "a NUL": f"{AUTHORITY}\0",
    "two lines": f"{AUTHORITY}\n{AUTHORITY}",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_authoritys_arn_is_refused(text: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        AuthorityArn.parse(text)
    assert refusal.value.code is ErrorCode.INVALID_ARN


@pytest.mark.parametrize(
    "text",
    [
        AUTHORITY,
        CERTIFICATE[:-1],
        f"{CERTIFICATE}0",
        CERTIFICATE.upper(),
        CERTIFICATE.replace("abc", "ABC"),
        f"{CERTIFICATE}\n",
        CERTIFICATE.replace("arn:aws:", "arn:aws-us-gov:"),
    ],
)
def test_what_is_no_certificates_arn_is_refused(text: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        CertificateArn.parse(text)
    assert refusal.value.code is ErrorCode.INVALID_ARN


@given(st.text(max_size=250))
@example(CERTIFICATE)
def test_any_text_is_an_authoritys_arn_or_refused(text: str) -> None:
    """Parsing never raises anything else, and what it accepts it writes back letter for letter."""
    try:
        written = str(AuthorityArn.parse(text))
    except PrivySealError as error:
        written = error.code.value
    assert written in {text, ErrorCode.INVALID_ARN.value}


@given(serials)
def test_a_serial_is_read_in_every_way_in_which_people_write_it(serial: int) -> None:
    padded = names.format_serial(serial)
    colons = ":".join(padded[at : at + 2] for at in range(0, 32, 2))
    for text in (padded, padded.upper(), f"{serial:x}", colons, colons.upper()):
        assert names.parse_serial(text) == serial


@pytest.mark.parametrize("text", ["", ":", "0x1f", "12 34", "g1", "-1", "1\n", "٣", "f" * 41])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        names.parse_serial(text)
    assert refusal.value.code is ErrorCode.INVALID_REQUEST


def test_serials_are_128_random_bits_positive_and_never_the_same() -> None:
    """No bit is fixed: of 20,000 each is set about half the time (6.5 standard deviations allowed)."""
    count = 20_000
    drawn = [names.new_serial() for _ in range(count)]
    assert len(set(drawn)) == count
    assert all(0 < serial < 1 << 128 for serial in drawn)
    set_bits = Counter(bit for serial in drawn for bit in range(128) if serial >> bit & 1)
    assert all(abs(set_bits[bit] - count / 2) < 6.5 * (count / 4) ** 0.5 for bit in range(128))


def test_ids_are_lower_case_uuids_and_never_the_same() -> None:
    drawn = [names.new_id() for _ in range(1000)]
    assert len(set(drawn)) == 1000
    assert all(str(AuthorityArn("us-east-1", "0" * 12, each)).endswith(each) for each in drawn)
    assert all(AuthorityArn.parse(str(AuthorityArn("us-east-1", "0" * 12, each))) for each in drawn)
