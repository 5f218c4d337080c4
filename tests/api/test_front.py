"""The API's front door: who may enter, which paths there are, what a refusal looks like."""

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal import sigv4
from privyseal.access.model import AccessKey
from privyseal.client import ApiError
from privyseal.errors import ErrorCode
from privyseal.frontends.api.front import STATUS
from tests.api.conftest import ADMIN_KEY, GUEST_KEY, Service, running
from tests.devices.deployment import REGION

AUTHORITY = (
    f"arn:aws:acm-pca:{REGION}:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555"
)


@pytest.fixture(scope="module", name="service")
def service_fixture() -> Iterator[Service]:
    """One for all: nothing here changes anything."""
    with running() as made:
        yield made


PATHS = ("/certificates", "/devices", "/devices/sensor", "/nothing")


def refused(
    service: Service, method: str, path: str, query: Mapping[str, str] | None = None, **client: Any
) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client(**client).rest(method, path, query=query)
    assert caught.value.request_id
    return caught.value.status, caught.value.code


def raw(
    service: Service, method: str, target: str, body: bytes = b"", *, key: AccessKey | None = ADMIN_KEY
) -> Any:
    """A response object, whatever the path; signed unless there is no key."""
    headers = {"Content-Type": "application/json"}
    if key:
        headers = sigv4.sign(
            method,
            service.url + target,
            headers,
            body,
            access_key_id=key.id,
            secret_key=key.secret,
            region=REGION,
            service="privyseal",
            now=datetime.now(UTC),
        )
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        response.content = response.read()  # type: ignore[attr-defined]
        return response
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_nobody_enters_unsigned(service: Service, path: str) -> None:
    response = raw(service, "GET", f"/api/v1{path}", key=None)
    assert response.status == 403
    assert json.loads(response.content)["error"]["code"] == "missing-credentials"


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_secret_enters_nowhere(service: Service, path: str) -> None:
    assert refused(service, "GET", path, secret="wrong") == (403, "bad-signature")


def test_an_unknown_key_enters_nowhere(service: Service) -> None:
    unknown = AccessKey("AKIANOBODY0000000000", "x", "111122223333", "arn:aws:iam::111122223333:user/nobody")
    assert refused(service, "GET", "/devices", key=unknown) == (403, "unknown-credentials")


def test_a_signature_for_another_region_is_refused(service: Service) -> None:
    assert refused(service, "GET", "/devices", region="us-west-1") == (403, "bad-signature")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_no_administrator_does_nothing(service: Service, method: str, path: str) -> None:
    assert refused(service, method, path, key=GUEST_KEY) == (403, "access-denied")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/certificates", "GET"),
        ("DELETE", "/devices", "GET, POST"),
        ("PUT", "/devices", "GET, POST"),
        ("POST", "/devices/sensor", "GET"),
        ("DELETE", "/devices/sensor", "GET"),
    ],
)
def test_another_method_is_told_which_there_are(
    service: Service, method: str, path: str, allowed: str
) -> None:
    response = raw(service, method, f"/api/v1{path}")
    assert (response.status, response.getheader("allow")) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/Devices",
        "/devices/",
        "/devicesx",
        "/devices;x",
        "/%64evices/x/y",
        "/devices/a/b",
        "/devices/a%2fb",
        "/devices/%2e%2e",
        "/certificates/",
        "/certificates/x",
    ],
)
def test_no_other_path_leads_anywhere(service: Service, path: str) -> None:
    assert refused(service, "GET", path) == (404, "not-found")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "1e3", "", " 1", "١", "99999999999999999999", "x"])
def test_a_limit_is_a_number_from_1_to_1000(service: Service, limit: str) -> None:
    assert refused(service, "GET", "/devices", {"limit": limit}) == (400, "validation")


def test_an_unknown_parameter_is_refused(service: Service) -> None:
    assert refused(service, "GET", "/devices", {"authority": AUTHORITY}) == (400, "validation")
    assert refused(service, "GET", "/devices/sensor", {"limit": "1"}) == (400, "validation")


def token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


SERIAL = "0" * 32
BAD_TOKENS = {
    "empty": "",
    "not base64": "!",
    "not JSON": "eHh4",
    "another shape": token({"id": "a"}),
    "too short": token([]),
    "too long": token(["a", "b", "c"]),
    "a number": token([7]),
    "huge": "A" * 5000,
    "not ASCII": "ключ",
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_page_token_of_ones_own_making_is_refused(service: Service, kind: str) -> None:
    bad = BAD_TOKENS[kind]
    assert refused(service, "GET", "/devices", {"after": bad}) == (400, "invalid-page-token")
    query = {"authority": AUTHORITY, "after": bad}
    assert refused(service, "GET", "/certificates", query) == (400, "invalid-page-token")


@pytest.mark.parametrize(
    "position",
    [
        ["2026-11-21T12:00:00", SERIAL],  # no zone
        ["2026-11-21", SERIAL],
        ["2026-11-21T12:00:00Z", "0" * 31],
        ["2026-11-21T12:00:00Z", "F" * 32],
        ["2026-11-21T12:00:00Z", SERIAL + "\n"],
        [0, SERIAL],
    ],
    ids=str,
)
def test_a_position_among_certificates_is_checked(service: Service, position: list[Any]) -> None:
    query = {"authority": AUTHORITY, "after": token(position)}
    assert refused(service, "GET", "/certificates", query) == (400, "invalid-page-token")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=100))
def test_no_body_is_answered_by_anything_but_a_refusal(service: Service, body: bytes) -> None:
    response = raw(service, "POST", "/api/v1/devices", body)
    assert response.status == 400
    assert set(json.loads(response.content)["error"]) == {"code", "message", "request_id"}


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["after", "limit", "authority"]), st.text(max_size=40)))
def test_no_query_is_answered_by_a_defect(service: Service, query: dict[str, str]) -> None:
    for path in ("/certificates", "/devices"):
        try:
            service.client().rest("GET", path, query=query)
        except ApiError as error:
            status = error.status
        else:
            status = 200
        assert status in {200, 400, 404}


def test_the_table_of_errors_is_total() -> None:
    assert set(STATUS) == set(ErrorCode)
    assert set(STATUS.values()) <= {400, 403, 404, 405, 409, 413, 415, 500, 503}
