"""Whatever JSON comes: a certificate or a refusal in words, and nothing half done."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.errors import PrivySealError
from tests.serverless.world import Function, certificate, coded, csr

KEYS = (
    "common_name", "country", "locality", "organization", "organizational_unit", "state", "email_address",
    "lifetime", "purposes", "extended_key_usages", "sans", "base64_csr_data", "csr_file", "force_issue",
    "cert_bundle", "ca_chain_only", "extensions", "notify_issued", "notify_expiry", "passphrase",
)  # fmt: skip
WORDS = (
    "DNS_NAME", "IP_ADDRESS", "EMAIL_ADDRESS", "URL", "DN", "type", "value", "oid", "value_b64", "critical",
    "a.example.com", "10.0.0.1", "a@example.com", "https://example.com/", "CN=a,C=GBR,E=é,DC=x", "1.2.3",
    "2.5.29.17", "1.3.6.1.5.5.7.3.99", "client_auth", "CODE_SIGNING", "True", "", "\x00", "GB", "é" * 70,
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
CSR = coded(csr())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    event=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), values, max_size=6),
    whole=st.booleans(),
)
def test_any_object_is_answered(function: Function, event: dict[str, Any], whole: bool) -> None:
    """`whole` requests have what is needed, so that the rest of them is looked at."""
    if whole:
        event = {"common_name": "a.example.com", "base64_csr_data": CSR, **event, "force_issue": True}
    before = function.world.stored(function.issuing)
    try:
        answer = function(**event)
    except PrivySealError as error:
        pytest.fail(f"{error.code}: {error.message}")
    json.dumps(answer, allow_nan=False)
    issued = function.world.stored(function.issuing) - before
    if "error" in answer:
        assert isinstance(answer["error"], str)
        assert "ApiPassthrough" not in answer["error"]  # a word of another contract
        assert set(answer) == {"error"}
        assert issued == 0
    elif "CertificateInfo" in answer:
        assert str(certificate(answer).serial_number) == answer["CertificateInfo"]["SerialNumber"]


@pytest.mark.parametrize(
    ("sans", "kept"),
    [
        ({"DN": "C=GBR,CN=a"}, 1),  # what is not valid of it is left out
        ({"DN": "C=GBR"}, 0),
        ({"DN": "E=é@example.com"}, 0),
        ({"DN": "DC=é"}, 0),
        ({"DN": "CN=" + "x" * 65}, 0),
        ({"IP_ADDRESS": [1, True, None, {}]}, 0),
        ({"EMAIL_ADDRESS": "é@example.com"}, 0),
        ({"URL": "https://example.com/é"}, 0),
    ],
)
def test_names_that_no_certificate_can_have_are_dropped_and_told(
    function: Function, sans: Any, kept: int
) -> None:
    answer = function.ask("server", sans=sans)
    found = [each for each in certificate(answer).extensions if each.oid.dotted_string == "2.5.29.17"]
    assert len(found) == kept
    assert kept or answer["Warnings"]
