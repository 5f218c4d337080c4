"""Real S3, as far as a fake one can play it: who is asked, and what its refusals mean."""

import socket
from collections.abc import Callable

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.publishers.s3 import S3Publisher
from tests.publishers.fake_s3 import FakeS3


def publisher(s3: FakeS3) -> S3Publisher:
    return S3Publisher(endpoint_url=s3.url, region="eu-central-1")


def refusal(call: Callable[[], None]) -> PrivySealError:
    with pytest.raises(PrivySealError) as raised:
        call()
    return raised.value


def put(s3: FakeS3, bucket: str = "reports") -> None:
    publisher(s3).put(bucket, "a/b.csv", [b"x"], "text/csv")


def test_an_object_keeps_its_type(s3: FakeS3) -> None:
    put(s3)
    publisher(s3).put("reports", "large", [b"x" * 10_000_000], "application/json")
    assert s3.objects["reports", "a/b.csv"] == (b"x", "text/csv")
    assert s3.objects["reports", "large"] == (b"x" * 10_000_000, "application/json")


def test_a_large_object_goes_up_in_parts_of_eight_megabytes(s3: FakeS3) -> None:
    """However its chunks are cut: S3 takes no small part but the last."""
    megabyte = 1024 * 1024
    publisher(s3).put("reports", "large", [b"x" * 5 * megabyte] * 4, "text/csv")
    assert s3.parts == [8 * megabyte, 8 * megabyte, 4 * megabyte]


def test_requests_are_signed_for_the_region_and_name_the_bucket_in_the_path(s3: FakeS3) -> None:
    publisher(s3).check("reports")
    put(s3)
    assert s3.requests == ["GET /reports?acl eu-central-1", "PUT /reports/a/b.csv eu-central-1"]


def test_a_bucket_that_may_not_be_asked_is_refused_in_the_words_of_aws(s3: FakeS3) -> None:
    s3.refusals["reports"] = 403, "AccessDenied"
    error = refusal(lambda: publisher(s3).check("reports"))
    assert error.code is ErrorCode.VALIDATION
    assert (
        "requires getBucketAcl permissions for your S3 bucket 'reports'. "
        "Check your S3 bucket permissions and try again." in error.message
    )


def test_a_bucket_that_may_not_be_written_is_refused_when_it_is(s3: FakeS3) -> None:
    s3.refusals["reports"], s3.writes_only = (403, "AccessDenied"), True
    publisher(s3).check("reports")
    error = refusal(lambda: put(s3))
    assert error.code is ErrorCode.VALIDATION
    assert "requires putObject permissions for your S3 bucket 'reports'" in error.message
    assert s3.objects == {}


def test_a_bucket_that_is_not_there_is_said_not_to_exist(s3: FakeS3) -> None:
    for call in (lambda: publisher(s3).check("elsewhere"), lambda: put(s3, "elsewhere")):
        error = refusal(call)
        assert error.code is ErrorCode.INVALID_ARGUMENT
        assert error.message == "The S3 bucket 'elsewhere' does not exist."


def test_what_fails_for_another_reason_is_tried_again_and_then_unavailable(s3: FakeS3) -> None:
    s3.refusals["reports"] = 503, "SlowDown"
    error = refusal(lambda: publisher(s3).check("reports"))
    assert error.code is ErrorCode.UNAVAILABLE
    assert len(s3.requests) == 4


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = "http://{}:{}".format(*taken.getsockname())
    nobody = S3Publisher(endpoint_url=url, region="eu-central-1")
    assert refusal(lambda: nobody.check("reports")).code is ErrorCode.UNAVAILABLE


def test_settings_that_lead_nowhere_are_refused_at_the_start(s3: FakeS3) -> None:
    for settings in ({"profile": "nobody"}, {"endpoint_url": "not an address"}):
        with pytest.raises(PrivySealError, match=r"settings of \[publisher\] cannot be used") as raised:
            S3Publisher(**settings)
        assert raised.value.code is ErrorCode.INVALID_ARGUMENT
    assert s3.requests == []


def test_an_upload_that_is_given_up_leaves_no_parts_behind(s3: FakeS3) -> None:
    def content() -> object:
        yield b"x" * 20_000_000
        raise ValueError

    with pytest.raises(ValueError):
        publisher(s3).put("reports", "large", content(), "text/csv")  # type: ignore[arg-type]
    assert s3.uploads == {}
    assert s3.objects == {}


@pytest.mark.parametrize(
    ("acl", "sent"),
    [
        (None, None),
        ("PUBLIC_READ", "public-read"),
        ("BUCKET_OWNER_FULL_CONTROL", "bucket-owner-full-control"),
    ],
)
def test_an_object_has_the_acl_that_it_was_given(s3: FakeS3, acl: str | None, sent: str | None) -> None:
    """S3ObjectAcl of the service model, as S3 names it."""
    publisher(s3).put("reports", "a.crl", [b"x"], "application/pkix-crl", acl=acl)
    assert s3.acls["reports", "a.crl"] == sent


def test_a_bucket_without_acls_is_refused_as_one_that_may_not_be_written(s3: FakeS3) -> None:
    """AWS wants BUCKET_OWNER_FULL_CONTROL there."""
    s3.refusals["reports"], s3.writes_only = (400, "AccessControlListNotSupported"), True
    assert refusal(lambda: put(s3)).code is ErrorCode.VALIDATION


@pytest.mark.parametrize(
    ("endpoint", "region", "url"),
    [
        (None, "eu-central-1", "http://lists.s3.eu-central-1.amazonaws.com/crl/a.crl"),
        (None, "cn-north-1", "http://lists.s3.cn-north-1.amazonaws.com.cn/crl/a.crl"),
        ("http://s3.example:9000/", "eu-central-1", "http://s3.example:9000/lists/crl/a.crl"),
        ("https://s3.example", "eu-central-1", None),
    ],
)
def test_an_object_is_found_over_plain_http(endpoint: str | None, region: str, url: str | None) -> None:
    """Where it is not, it has no URL: CRLs are not fetched over TLS."""
    assert S3Publisher(endpoint_url=endpoint, region=region).url("lists", "crl/a.crl") == url
