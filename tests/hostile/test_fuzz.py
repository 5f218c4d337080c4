"""Whatever is sent, signed or not: an answer of the contract, and never a failure of ours."""

from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.frontends.aws.shapes_acm_pca import OPERATIONS
from tests.hostile.conftest import world_of
from tests.hostile.shapes import JSON, TEXT, requests_of, to_json
from tests.hostile.wire import JSON_TYPE, World, exchange
from tests.service import Service

EXAMPLES = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
NOBODYS = "arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/00000000-0000-0000-0000-000000000000"
SERVED = sorted(OPERATIONS)
ANSWERS = {200, 400, 403, 404, 405, 408, 411, 413, 414, 415, 431}
FIELD_TEXT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60
)
FIELDS = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Expect",
    "Host",
    "Smithy-Protocol",
    "Transfer-Encoding",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Target",
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service of its own: some of what is sent is right, and is done."""
    service = Service(tmp_path_factory.mktemp("fuzzed") / "data").start()
    yield world_of(service)
    assert service.stop() == 0
    output = service.log.read_text()
    assert "Traceback" not in output, output[-5000:]


def _check(world: World, data: bytes) -> None:
    reply = exchange(world.environment.url, data)
    assert reply.status in ANSWERS, (data[:2000], reply)
    assert b"Traceback" not in reply.body


@pytest.mark.parametrize("operation", SERVED)
@given(data=st.data())
@settings(EXAMPLES, max_examples=25)
def test_every_operation_answers_whatever_its_members_are(
    operation: str, data: st.DataObject, fuzzed: World
) -> None:
    """In both protocols."""
    arns = (fuzzed.issuer, fuzzed.root, fuzzed.certificate, NOBODYS, "arn:aws:acm-pca:::x")
    body = data.draw(requests_of(operation, arns))
    if data.draw(st.booleans()):
        _check(fuzzed, fuzzed.json(operation, to_json(body)))
    else:
        _check(fuzzed, fuzzed.cbor(operation, cbor2.dumps(body)))


@given(body=st.binary(max_size=200) | JSON.map(to_json), operation=st.sampled_from(SERVED))
@EXAMPLES
def test_any_json_body_is_answered(body: bytes, operation: str, fuzzed: World) -> None:
    _check(fuzzed, fuzzed.json(operation, body))


@given(body=st.binary(max_size=200) | JSON.map(cbor2.dumps), operation=st.sampled_from(SERVED))
@EXAMPLES
def test_any_cbor_body_is_answered(body: bytes, operation: str, fuzzed: World) -> None:
    _check(fuzzed, fuzzed.cbor(operation, body))


@given(name=st.sampled_from(FIELDS), value=FIELD_TEXT, added=st.booleans())
@EXAMPLES
def test_any_header_is_answered(name: str, value: str, added: bool, fuzzed: World) -> None:
    """Instead of the one that is there, or beside it."""
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": "ACMPrivateCA.ListTags"}
    change: dict[str, Any] = {"add": (f"{name}: {value}",)} if added else {"replace": {name: value}}
    if name == "Transfer-Encoding":
        change["drop"] = ("Content-Length",)
    _check(fuzzed, fuzzed.request("POST", "/", headers, b"{}", sent_body=b"2\r\n{}\r\n0\r\n\r\n", **change))


@given(
    path=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40),
    start=st.sampled_from(["/", "/api/v1/", "/api/v1/devices", "/service/", "/provision", "/?"]),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
)
@EXAMPLES
def test_any_path_is_answered(path: str, start: str, method: str, fuzzed: World) -> None:
    _check(fuzzed, fuzzed.plain(method, start + path))
    _check(fuzzed, fuzzed.rest(method, "/api/v1/devices", sent_target=start + path))


@given(csr=st.binary(max_size=200).map(lambda data: data.decode("latin-1")) | TEXT, device_id=TEXT, more=JSON)
@EXAMPLES
def test_any_provisioning_is_answered(csr: str, device_id: str, more: object, fuzzed: World) -> None:
    for body in (
        {"csr": csr, "device_id": device_id},
        {"csr": fuzzed.device_csr, "device_id": device_id},
        more,
    ):
        _check(fuzzed, fuzzed.plain("POST", "/provision", to_json(body)))
        _check(fuzzed, fuzzed.rest("POST", "/api/v1/devices", to_json(body)))
