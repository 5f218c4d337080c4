"""Where we differ from serverless-ca knowingly: each difference by its name, and the test that proves it."""

import importlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pytest

from tests.programs import ROOT

# Difference, word for word as in docs/adr/0012 → module in tests, test
DIFFERENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "a CSR's own signature is verified": (
            "serverless.test_answers",
            "test_a_csr_with_a_broken_signature_is_refused",
        ),
        "keys below the strength that every CSR here needs are refused": (
            "serverless.test_answers",
            "test_a_key_that_is_too_weak_is_refused",
        ),
        "a key that has a certificate under any name gets no other one": (
            "serverless.test_answers",
            "test_a_key_gets_one_certificate_whatever_its_name",
        ),
        "a certificate and its record are one commit": (
            "serverless.test_at_once",
            "test_kill_9_leaves_no_certificate_without_its_row",
        ),
        "a comma or an equals sign in a name is a character like any other": (
            "serverless.test_request_forms",
            "test_the_subject_is_the_requests_then_the_csrs_in_a_fixed_order",
        ),
        "requests that crash its function are refused in words": (
            "serverless.test_answers",
            "test_a_request_that_cannot_be_is_refused_in_words",
        ),
        "each extended key usage stands once": (
            "serverless.test_request_forms",
            "test_purposes_come_first_then_extended_key_usages_and_each_stands_once",
        ),
        "what was left out of a request is said in `Warnings`, which is absent when nothing was": (
            "serverless.test_request_forms",
            "test_alternative_names_come_in_every_form_and_invalid_ones_are_dropped_and_told",
        ),
        "where every alternative name that was asked for is invalid, the common name does not stand in": (
            "serverless.test_request_forms",
            "test_alternative_names_come_in_every_form_and_invalid_ones_are_dropped_and_told",
        ),
        "`force_issue` is a boolean, and for administrators": (
            "serverless.test_answers",
            "test_an_administrator_may_force_a_certificate_for_a_used_key_and_nobody_else",
        ),
        "all attempts of one call of an SDK get one certificate": (
            "serverless.test_lambda_wire",
            "test_a_silent_retry_gets_the_certificate_that_its_first_attempt_made",
        ),
        "of two requests for one key at once, the second is asked to wait": (
            "serverless.test_order",
            "test_of_two_requests_for_one_key_the_second_is_asked_to_wait",
        ),
        "a chain has every authority up to the root, however many there are": (
            "serverless.test_order",
            "test_a_chain_has_every_authority_up_to_the_root",
        ),
        "certificates of a common name come in pages": (
            "serverless.test_order",
            "test_certificates_of_a_common_name_come_in_pages",
        ),
        "published objects have their own content types": (
            "serverless.test_objects",
            "test_every_object_has_its_name_and_its_content_type",
        ),
        "an expired certificate leaves the CRL, after one more": (
            "crl.test_crls",
            "test_an_expired_certificate_stays_for_one_more_crl",
        ),
        "a replaced certificate is not warned about": (
            "serverless.test_reminders",
            "test_a_replaced_certificate_is_not_warned_about",
        ),
        "a revoked certificate is not warned about": (
            "serverless.test_reminders",
            "test_a_revoked_certificate_is_not_warned_about",
        ),
        "unknown serial numbers in either list of revocations are skipped": (
            "serverless.test_gitops",
            "test_certificates_are_revoked_and_unknown_ones_are_skipped",
        ),
    }
)


@pytest.mark.parametrize(("module", "test"), DIFFERENCES.values(), ids=lambda value: value)
def test_a_test_stands_behind_each_difference(module: str, test: str) -> None:
    assert callable(getattr(importlib.import_module(f"tests.{module}"), test))


def test_the_decision_names_the_same_differences() -> None:
    text = (ROOT / "docs" / "adr" / "0012-serverless-ca.md").read_text()
    assert re.findall(r"^- (.*)$", text, re.MULTILINE) == list(DIFFERENCES)
