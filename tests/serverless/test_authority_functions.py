"""The functions beside the one that issues: what they answer, and which job they start."""

from dataclasses import replace

import pytest

from privyseal.errors import ErrorCode
from privyseal.frontends.aws.kms import KMS, SIGNING
from privyseal.frontends.aws.lambda_invoke.errors import LAMBDA
from privyseal.jobs.table import JOBS
from privyseal.serverless.authority_functions import AuthorityFunctions
from privyseal.serverless.functions import Functions
from privyseal.serverless.names import FUNCTIONS, TLS, Names
from privyseal.x509.algorithms import KEY_ALGORITHMS
from tests.serverless.world import ADMIN, Function

NAMES = Names()


def functions(function: Function, woken: list[str]) -> Functions:
    others = AuthorityFunctions(NAMES, function.certificates.chain, woken.append)
    return Functions(NAMES, {TLS: function.certificates.request, **others.functions()})


@pytest.mark.parametrize(
    ("what", "job"),
    [
        ("root-ca-crl", "ca.crls"),
        ("issuing-ca-crl", "ca.crls"),
        ("expiry", "serverless.reminders"),
    ],
)
def test_a_function_that_is_a_job_here_starts_it(function: Function, what: str, job: str) -> None:
    woken: list[str] = []
    assert functions(function, woken).invoke(NAMES.function(what), ADMIN, {}) is None
    assert woken == [job]
    assert job in {each.name for each in JOBS}


def test_every_function_answers_and_only_the_pipelines_jobs_are_started(function: Function) -> None:
    woken: list[str] = []
    found = functions(function, woken)
    assert found.names() == sorted(NAMES.function(what) for what in FUNCTIONS)
    for name in found.names():
        found.invoke(name, ADMIN, {"smoke": 1})
    assert sorted(woken) == ["ca.crls", "ca.crls", "serverless.reminders"]


@pytest.mark.parametrize(
    ("what", "slug"),
    [("create-root-ca", "serverless-root-ca-dev"), ("create-issuing-ca", "serverless-issuing-ca-dev")],
)
def test_an_authority_that_is_not_there_is_not_found_under_its_slug(
    function: Function, what: str, slug: str
) -> None:
    other = "1" if function.issuing.endswith("0") else "0"
    function.terms = replace(function.terms, authority=function.issuing[:-1] + other)
    answer = functions(function, []).invoke(NAMES.function(what), ADMIN, {})
    assert answer == {"error": f"CA {slug} not found"}


def test_production_drops_the_environment_where_serverless_ca_does() -> None:
    names = Names("pqc", "prd")
    assert (names.root, names.issuing, names.key_generation) == (
        "pqc-root-ca",
        "pqc-issuing-ca",
        "pqc-tls-keygen",
    )
    assert (names.bundle, names.table) == ("pqc-ca-bundle.pem", "PqcCAPrd")
    assert (names.function(TLS), names.state_machine) == ("pqc-tls-cert-prd", "pqc-ca-prd")


@pytest.mark.parametrize("table", [LAMBDA, KMS], ids=["lambda", "kms"])
def test_the_tables_of_errors_are_total(table: dict[ErrorCode, tuple[str, int]]) -> None:
    assert set(table) == set(ErrorCode)


def test_every_kind_of_authority_has_a_key_spec_of_kms() -> None:
    assert set(SIGNING) == set(KEY_ALGORITHMS)
