"""Issuing: a batch in, positional answers out; one commit; nobody fails for a neighbour."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.ca.model import SUBORDINATE
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn, new_id
from privyseal.value import changed
from tests.ca.world import (
    ACCOUNT,
    CALLER,
    NOT_ISSUING,
    NOW,
    STRANGER,
    TEMPLATE,
    Refused,
    World,
    csr,
    elsewhere,
    in_memory,
    issue_request,
    spki,
)
from tests.stores import journals

# What is wrong with a request → its code. Each is answered alone.
BAD: Mapping[str, tuple[ErrorCode, Mapping[str, Any]]] = {
    "no PEM": (ErrorCode.MALFORMED_CSR, {"csr": b"hello"}),
    "an empty CSR": (ErrorCode.MALFORMED_CSR, {"csr": b""}),
    "a CSR over the limit": (ErrorCode.MALFORMED_CSR, {"csr": csr() + b"\n" * 40_000}),
    "a CSR with one bit changed": (
        ErrorCode.MALFORMED_CSR,
        {"csr": csr().replace(csr()[100:104], b"AAAA", 1)},
    ),
    "a certificate of nobody": (
        ErrorCode.NOT_FOUND,
        {"authority_arn": f"arn:aws:acm-pca:eu-central-1:{ACCOUNT}:certificate-authority/{new_id()}"},
    ),
    "no ARN": (ErrorCode.INVALID_ARN, {"authority_arn": "x"}),
    "no template ARN": (ErrorCode.INVALID_ARN, {"template_arn": "x"}),
    "an unknown template": (ErrorCode.INVALID_ARGUMENT, {"template_arn": f"{TEMPLATE}Nothing/V1"}),
    "another algorithm": (ErrorCode.INVALID_ARGUMENT, {"signing_algorithm": "SHA256WITHRSA"}),
    "an unknown algorithm": (ErrorCode.INVALID_ARGUMENT, {"signing_algorithm": "MD5"}),
    "no time at all": (ErrorCode.INVALID_ARGUMENT, {"validity": ("DAYS", 0)}),
    "an unknown validity": (ErrorCode.INVALID_ARGUMENT, {"validity": ("FORTNIGHTS", 1)}),
    "a past end": (ErrorCode.VALIDATION, {"validity": ("ABSOLUTE", 1)}),
    "an end after the issuer's": (ErrorCode.VALIDATION, {"validity": ("YEARS", 11)}),
    "a relative start": (ErrorCode.INVALID_ARGUMENT, {"not_before": ("DAYS", 1)}),
}


def test_an_issued_certificate_is_what_was_asked_for_and_is_stored(world: World) -> None:
    arn = world.root()
    asked = csr("device-7")
    issued = world.issue(arn, asked)
    certificate = x509.load_der_x509_certificate(issued.der)
    own = x509.load_pem_x509_certificate(world.ca.certification.certificate(CALLER, arn).certificate.encode())
    certificate.verify_directly_issued_by(own)
    assert certificate.subject.rfc4514_string() == "CN=device-7"
    assert spki(certificate) == spki(x509.load_pem_x509_csr(asked))
    assert CertificateArn.parse(str(issued.arn)).serial == certificate.serial_number
    assert str(issued.arn.authority) == arn
    rows, _ = world.ca.reader.page(CALLER, arn, None, 10)
    (stored,) = [row for row in rows if row.serial == issued.arn.serial]
    assert (stored.serial, stored.der) == (certificate.serial_number, issued.der)
    assert (stored.template, stored.subject) == ("EndEntityCertificate/V1", "CN=device-7")
    assert (stored.not_before, stored.not_after) == (
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
    assert (stored.issued_at, stored.revoked_at) == (NOW, None)


def test_a_batch_is_one_commit_with_an_entry_for_each_certificate(world: World) -> None:
    arn = world.root()
    rows, commits = len(journals.rows(world.store)), world.store.commits
    answers = world.answers(*(issue_request(arn, csr(f"device-{n}")) for n in range(50)))
    assert world.store.commits == commits + 1
    assert len(journals.rows(world.store)) == rows + 1
    recorded = journals.entries(world.store)[-50:]
    for answer, entry in zip(answers, recorded, strict=True):
        assert isinstance(answer, Issued)
        assert entry["action"] == "acm-pca:IssueCertificate"
        assert (entry["resource"], entry["principal"]) == (str(answer.arn), CALLER.principal)
        assert entry["detail"] == {
            "template": "EndEntityCertificate/V1",
            "sha256": hashlib.sha256(answer.der).hexdigest(),
        }


@pytest.mark.parametrize(("code", "changes"), BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused_and_its_neighbours_are_not(
    world: World, code: ErrorCode, changes: Mapping[str, Any]
) -> None:
    arn = world.root()
    before = world.stored(arn)
    bad = issue_request(**{"arn": arn, **_named(changes)})
    assert world.codes(issue_request(arn), bad, issue_request(arn), bad) == [None, code, None, code]
    assert world.stored(arn) == before + 2


def _named(changes: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"csr": "asked", "authority_arn": "arn"}
    return {renamed.get(name, name): value for name, value in changes.items()}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([None, *BAD]), max_size=12))
def test_answers_are_positional_whatever_the_mixture(kinds: list[str | None]) -> None:
    with in_memory() as world:
        _check_positions(world, kinds)


def _check_positions(world: World, kinds: list[str | None]) -> None:
    arn = world.root()
    requests: list[IssueRequest] = []
    for n, kind in enumerate(kinds):
        changes = _named(BAD[kind][1]) if kind else {"asked": csr(f"device-{n}")}
        requests.append(issue_request(**{"arn": arn, **changes}))
    answers = world.answers(*requests)
    assert len(answers) == len(kinds)
    for n, (kind, answer) in enumerate(zip(kinds, answers, strict=True)):
        if kind:
            assert not isinstance(answer, Issued)
            assert answer.code is BAD[kind][0]
        else:
            assert isinstance(answer, Issued)
            subject = x509.load_der_x509_certificate(answer.der).subject.rfc4514_string()
            assert subject == f"CN=device-{n}"


def test_an_empty_batch_is_an_empty_answer(world: World) -> None:
    assert world.answers() == []


def test_a_lost_key_or_a_defect_fails_its_own_requests_only(world: World) -> None:
    good, lost, spoiled = world.root(), world.root(), world.root()
    world.ca.issuance._keys._keys.clear()  # as after a restart
    world.keys.lost.add(lost.rpartition("/")[2])
    world.keys.spoiled.add(spoiled.rpartition("/")[2])
    requests = [issue_request(arn) for arn in (lost, good, spoiled, good)]
    assert world.codes(*requests) == [ErrorCode.UNAVAILABLE, None, ErrorCode.INTERNAL, None]
    world.keys.lost.clear()
    world.keys.spoiled.clear()
    assert world.codes(*requests) == [None] * 4


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.ACTIVE])
def test_only_an_active_authority_issues(world: World, refused: Refused, status: Status) -> None:
    arn = world.root()
    world.set_status(arn, status)
    before = world.keys.opened[:]
    if status is Status.DELETED:  # without a window it is gone
        refused(ErrorCode.NOT_FOUND, world.issue, arn)
    else:
        assert refused(ErrorCode.INVALID_STATE, world.issue, arn) == NOT_ISSUING
    assert world.keys.opened == before


def test_a_pending_authority_has_aws_words(world: World, refused: Refused) -> None:
    for kind in ("ROOT", SUBORDINATE):
        assert refused(ErrorCode.INVALID_STATE, world.issue, world.create(kind)) == NOT_ISSUING


def test_nobody_issues_with_another_accounts_authority(world: World, refused: Refused) -> None:
    arn = world.root()
    for text in (elsewhere(arn, account="444455556666"), elsewhere(arn, region="us-east-1")):
        refused(ErrorCode.NOT_FOUND, world.issue, text)


def test_serials_are_positive_and_never_the_same(world: World) -> None:
    arns = [world.root(), world.root()]
    answers = world.answers(*(issue_request(arns[n % 2]) for n in range(500)))
    serials = [answer.arn.serial for answer in answers if isinstance(answer, Issued)]
    assert len(set(serials)) == 500
    assert all(0 < serial < 1 << 128 for serial in serials)


def test_two_batches_of_the_same_request_are_two_certificates(world: World) -> None:
    """Without a token nothing is folded: each call is a request of its own."""
    arn = world.root()
    request = issue_request(arn)
    arns = [each.arn for each in world.answers(request, request) if isinstance(each, Issued)]
    assert len({*arns, world.issue(arn).arn}) == 3


def test_twins_in_a_batch_are_one_only_for_one_caller(world: World) -> None:
    """A stranger who guesses ARN, token and CSR is authorised like anybody, not answered like a twin."""
    arn = world.root()
    mine = issue_request(arn, token="t")
    theirs = changed(mine, caller=STRANGER)
    first, second = world.answers(mine, theirs)
    assert not isinstance(first, PrivySealError)
    assert isinstance(second, PrivySealError)
    assert second.code is ErrorCode.NOT_FOUND
