"""What is refused before or beside the signature, and in which words."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal import sigv4
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.sigv4 import SignedRequest
from privyseal.value import changed
from tests.sigv4.requests import JSON_HEADERS, REGION, SECRET, SERVICE, by_botocore, by_hand, signed_at


def _refusal(request: SignedRequest, now: datetime | None = None, token: str | None = None) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        sigv4.verify(
            request,
            sigv4.parse_authorization(request.headers),
            SECRET,
            region=REGION,
            service=SERVICE,
            now=now or signed_at(by_botocore()),
            session_token=token,
        )
    return refused.value


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_five_minutes_either_way_are_fine(minutes: int) -> None:
    """A clock may be up to five minutes off."""
    request = by_botocore()
    now = signed_at(request) + timedelta(minutes=minutes)
    credential = sigv4.parse_authorization(request.headers)
    sigv4.verify(request, credential, SECRET, region=REGION, service=SERVICE, now=now)


def test_an_old_request_has_expired() -> None:
    """One second beyond five minutes, in AWS's words."""
    request = by_botocore()
    at = signed_at(request)
    refused = _refusal(request, at + timedelta(minutes=5, seconds=1))
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert refused.message.startswith(f"Signature expired: {stamp} is now earlier than ")
    assert refused.message.endswith(" - 5 min.)")


def test_a_request_from_the_future_is_not_yet_current() -> None:
    """One second beyond five minutes the other way."""
    request = by_botocore()
    refused = _refusal(request, signed_at(request) - timedelta(minutes=5, seconds=1))
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert refused.message.startswith("Signature not yet current: ")
    assert refused.message.endswith(" + 5 min.)")


def test_another_region_is_named() -> None:
    """The message says which region was asked for and which one this is."""
    refused = _refusal(by_botocore(region="eu-west-1"))
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert "Credential should be scoped to a valid region, not 'eu-west-1'." in refused.message
    assert "us-east-1" in refused.message


def test_another_service_is_refused() -> None:
    """A signature for one service does not open another."""
    refused = _refusal(by_botocore(service="sts"))
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert refused.message == "Credential should be scoped to correct service: 'acm-pca'."


def test_no_authorization_is_missing_credentials() -> None:
    """An anonymous request is told so."""
    with pytest.raises(PrivySealError) as refused:
        sigv4.parse_authorization([(b"host", b"x")])
    assert refused.value.code is ErrorCode.MISSING_CREDENTIALS


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "requires the algorithm 'AWS4-HMAC-SHA256'"),
        (b"Basic YTpi", "requires the algorithm"),
        (b"Bearer eyJhbGciOiJub25lIn0.e30.", "requires the algorithm"),
        (b"AWS AKID:signature", "requires the algorithm"),
        (b"AWS4-ECDSA-P256-SHA256 Credential=A/20260101/s/aws4_request", "SigV4A"),
        (b"AWS4-HMAC-SHA256 ", "requires 'Credential' parameter."),
        (b"AWS4-HMAC-SHA256 Credential=A/20260101/r/s/aws4_request", "requires 'Signature' parameter."),
        (b"AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", "requires 'Credential' parameter."),
        (b"AWS4-HMAC-SHA256 Signature=0, SignedHeaders=host, Credential=A", "must have the form"),
        (b"AWS4-HMAC-SHA256 Credential=A/2026/r/s/aws4_request, SignedHeaders=a, Signature=0", "the form"),
        (b"\xff\xfe", "requires the algorithm"),
    ],
)
def test_an_unreadable_authorization_says_what_is_wrong(value: bytes, words: str) -> None:
    """Other schemes, and parts that are missing."""
    with pytest.raises(PrivySealError, match=words) as refused:
        sigv4.parse_authorization([(b"authorization", value)])
    assert refused.value.code is ErrorCode.MALFORMED_CREDENTIALS


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: b"AWS4-HMAC-SHA256 " + text.encode()))
def test_any_authorization_is_read_or_refused(value: bytes) -> None:
    """No value of the header is anything but a credential or a refusal."""
    with pytest.raises(PrivySealError):
        sigv4.parse_authorization([(b"authorization", value)])


@pytest.mark.parametrize(
    "name",
    ["Host", "Authorization", "X-Amz-Date", "X-Amz-Target", "X-Amz-Content-Sha256", "X-Amz-Security-Token"],
)
def test_a_header_that_decides_occurs_once(name: str) -> None:
    """Even when both values are the same."""
    request = by_botocore()
    twice = [*request.headers, (name.lower().encode(), b"x"), (name.lower().encode(), b"x")]
    with pytest.raises(PrivySealError, match="must not occur more than once") as refused:
        sigv4.parse_authorization(twice)
    assert refused.value.code is ErrorCode.MALFORMED_CREDENTIALS


@pytest.mark.parametrize(
    "payload",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_a_body_is_always_hashed(payload: str) -> None:
    """A correct signature over any other word for the payload is refused."""
    refused = _refusal(by_botocore(headers=JSON_HEADERS | {"X-Amz-Content-SHA256": payload}))
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert "x-amz-content-sha256" in refused.message


@pytest.mark.parametrize(
    ("sent", "expected"), [("token", None), (None, "token"), ("token", "token2"), ("tokén", "token")]
)
def test_a_session_token_must_be_that_of_the_key(sent: str | None, expected: str | None) -> None:
    """Too many, too few, another one."""
    request = by_botocore(token="token" if sent else None)
    swapped = [(n, sent.encode() if n == b"x-amz-security-token" and sent else v) for n, v in request.headers]
    refused = _refusal(changed(request, headers=swapped), token=expected)
    assert refused.code is ErrorCode.UNKNOWN_CREDENTIALS


@pytest.mark.parametrize(
    "stamp", ["", "20261301T000000Z", "20260101T000000", "20260101", "Thu, 01 Jan 2026 00:00:00 GMT"]
)
def test_a_date_is_a_date_of_the_calendar(stamp: str) -> None:
    """Other formats and impossible dates are refused as such."""
    request = by_botocore()
    swapped = [(name, stamp.encode() if name == b"x-amz-date" else value) for name, value in request.headers]
    assert _refusal(changed(request, headers=swapped)).code is ErrorCode.MALFORMED_CREDENTIALS


ALL = [
    b"content-type",
    b"host",
    b"x-amz-content-sha256",
    b"x-amz-date",
    b"x-amz-security-token",
    b"x-amz-target",
]


def _full() -> SignedRequest:
    body_hash = sha256(b"{}").hexdigest()
    return by_botocore(headers=JSON_HEADERS | {"X-Amz-Content-Sha256": body_hash}, token="token")


def test_a_signature_made_by_hand_is_verified() -> None:
    """What the next tests differ from; Content-Type may be left out, as AWS lets clients do."""
    for names in (ALL, [name for name in ALL if name != b"content-type"]):
        request = by_hand(_full(), names)
        credential = sigv4.parse_authorization(request.headers)
        now = signed_at(request)
        sigv4.verify(
            request, credential, SECRET, region=REGION, service=SERVICE, now=now, session_token="token"
        )


@pytest.mark.parametrize("unsigned", [name for name in ALL if name != b"content-type"])
def test_what_is_acted_on_must_be_signed(unsigned: bytes) -> None:
    """A correct signature that leaves one of these headers out is refused."""
    refused = _refusal(by_hand(_full(), [name for name in ALL if name != unsigned]), token="token")
    assert refused.code is ErrorCode.MALFORMED_CREDENTIALS
    assert f"'{unsigned.decode()}' must be a 'SignedHeader'".lower() in refused.message.lower()


def test_the_date_of_the_scope_is_that_of_the_request() -> None:
    """A key of another day signs nothing of today."""
    refused = _refusal(by_hand(_full(), ALL, date="20200101"), token="token")
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert refused.message.startswith("Date in Credential scope does not match")


def test_the_scope_ends_as_it_must() -> None:
    """With aws4_request, even where the signature would fit another end."""
    refused = _refusal(by_hand(_full(), ALL, end="aws5_request"), token="token")
    assert refused.code is ErrorCode.BAD_SIGNATURE
    assert "valid terminator" in refused.message


@pytest.mark.parametrize("names", [ALL[::-1], [b"content-type", *ALL], [*ALL, b"x-amz-target"]])
def test_signed_headers_are_sorted_and_named_once(names: list[bytes]) -> None:
    """There is one way to write them."""
    refused = _refusal(by_hand(_full(), names), token="token")
    assert refused.code is ErrorCode.MALFORMED_CREDENTIALS
    assert "in alphabetical order" in refused.message


def test_a_very_long_authorization_is_not_read() -> None:
    """Four kilobytes are several times what an SDK writes."""
    request = by_hand(_full(), ALL)
    value = dict(request.headers)[b"authorization"]
    names = b";".join(b"a%04d" % number for number in range(1000)) + b";"
    with pytest.raises(PrivySealError, match="must have the form"):
        sigv4.parse_authorization([(b"authorization", value.replace(b"content-type;", names))])


@pytest.mark.parametrize(
    "query",
    [
        b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a",
        b"a=b&X-Amz-Signature=0",
        b"x-amz-signature=0",
        b"X%2DAmz%2DSignature=0",
    ],
)
def test_a_presigned_query_is_recognised(query: bytes) -> None:
    """However it is spelled."""
    assert sigv4.is_presigned(query)
    assert not sigv4.is_presigned(b"limit=1&authority=X-Amz-Signature")
