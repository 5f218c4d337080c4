"""Issuing: a batch in, positional answers out; one commit; nobody fails for a neighbour."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ca.world import (
    ACCOUNT,
    CALLER,
    NOW,
    ROOT_TEMPLATE,
    TEMPLATE,
    World,
    csr,
    elsewhere,
    issue_request,
    pem,
    spki,
)
from tests.stores import journals

from privyseal.ca.issuance import MAX_LOST_ROUNDS
from privyseal.ca.model import SHORT_LIVED_CERTIFICATE, SUBORDINATE
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.states import Status
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode
from privyseal.names import CertificateArn, new_id
from privyseal.stores.sqlite import MEMORY, SqliteStore

Refused = Callable[..., str]
NOT_ISSUING = "The certificate authority is not in a valid state for issuing certificates"

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
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
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
    world.ca.close()
    store.close()


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


class TestRoots:
    """RootCACertificate: an authority's own CSR, and no other."""

    def test_a_root_signs_its_own_csr_while_it_waits_and_again_to_renew(self, world: World) -> None:
        arn = world.create()
        for _ in range(2):
            made = world.issue(arn, world.csr_of(arn), template_arn=ROOT_TEMPLATE, validity=("YEARS", 5))
            certificate = x509.load_der_x509_certificate(made.der)
            certificate.verify_directly_issued_by(certificate)
            world.ca.certification.install(CALLER, arn, pem(made.der), None)
        assert world.status(arn) is Status.ACTIVE

    def test_a_root_outlives_its_predecessor(self, world: World) -> None:
        arn = world.root()
        made = world.issue(arn, world.csr_of(arn), template_arn=ROOT_TEMPLATE, validity=("YEARS", 30))
        assert x509.load_der_x509_certificate(made.der).not_valid_after_utc.year == NOW.year + 30

    def test_no_other_csr_is_made_a_root(self, world: World, refused: Refused) -> None:
        arn, other = world.root(), world.create()
        for asked in (csr(), world.csr_of(other)):
            refused(
                ErrorCode.INVALID_ARGUMENT, lambda a=asked: world.issue(arn, a, template_arn=ROOT_TEMPLATE)
            )

    def test_a_subordinate_signs_no_root(self, world: World, refused: Refused) -> None:
        pending = world.create(SUBORDINATE)
        active = world.subordinate(world.root())
        for arn in (pending, active):
            own = world.csr_of(arn)
            refused(
                ErrorCode.INVALID_ARGUMENT,
                lambda a=arn, o=own: world.issue(a, o, template_arn=ROOT_TEMPLATE),
            )

    def test_a_disabled_root_signs_nothing(self, world: World, refused: Refused) -> None:
        arn = world.root()
        world.ca.authorities.update(CALLER, arn, "DISABLED", None)
        own = world.csr_of(arn)
        message = refused(ErrorCode.INVALID_STATE, lambda: world.issue(arn, own, template_arn=ROOT_TEMPLATE))
        assert message == NOT_ISSUING


class TestValidity:
    def test_a_certificate_begins_an_hour_ago_and_ends_as_asked(self, world: World) -> None:
        certificate = x509.load_der_x509_certificate(world.issue(world.root()).der)
        now = NOW.replace(microsecond=0)
        assert certificate.not_valid_before_utc == now - timedelta(hours=1)
        assert certificate.not_valid_after_utc == now + timedelta(days=30)

    def test_a_certificate_may_end_with_its_issuer_but_not_a_second_later(
        self, world: World, refused: Refused
    ) -> None:
        arn = world.root()
        end = world.row(arn).not_after
        assert end is not None
        last = int(end.timestamp())
        issued = world.issue(arn, validity=("ABSOLUTE", last))
        assert x509.load_der_x509_certificate(issued.der).not_valid_after_utc == end
        refused(ErrorCode.VALIDATION, lambda: world.issue(arn, validity=("ABSOLUTE", last + 1)))

    @settings(max_examples=40, deadline=None)
    @given(
        st.sampled_from(["DAYS", "MONTHS", "YEARS", "ABSOLUTE", "END_DATE"]),
        st.one_of(st.integers(-5, 5000), st.integers(1, 2**63), st.integers(1_772_000_000, 2_100_000_000)),
    )
    def test_no_certificate_outlives_its_issuer(self, kind: str, value: int) -> None:
        clock = FixedClock(NOW)
        store = SqliteStore(MEMORY, clock)
        store.migrate()
        world = World(store, clock)
        arn = world.root()
        end = world.row(arn).not_after
        (answer,) = world.answers(issue_request(arn, validity=(kind, value)))
        if isinstance(answer, Issued):
            certificate = x509.load_der_x509_certificate(answer.der)
            assert NOW < certificate.not_valid_after_utc <= (end or datetime.now(UTC))
        else:
            assert answer.code in {ErrorCode.VALIDATION, ErrorCode.INVALID_ARGUMENT}
        world.ca.close()
        store.close()

    def test_a_short_lived_authority_issues_for_seven_days_and_no_longer(
        self, world: World, refused: Refused
    ) -> None:
        arn = world.root(usage_mode=SHORT_LIVED_CERTIFICATE)  # its own certificate is not bound by that
        last = int(NOW.timestamp()) + 7 * 86400
        for validity in (("DAYS", 7), ("ABSOLUTE", last)):
            assert world.issue(arn, validity=validity)
        for validity in (("DAYS", 8), ("MONTHS", 1), ("ABSOLUTE", last + 1)):
            refused(ErrorCode.VALIDATION, lambda v=validity: world.issue(arn, validity=v))
        assert world.row(arn).not_after == NOW.replace(microsecond=0) + timedelta(days=3650)


class TestBetweenSnapshotAndCommit:
    """What happens to an authority after a batch has read it and before the batch is stored."""

    def test_a_disabled_authority_issues_nothing(self, world: World) -> None:
        arn, other = world.root(), world.root()
        before = world.stored(arn)
        world.store.before_commit = lambda: world.ca.authorities.update(CALLER, arn, "DISABLED", None)
        requests = [issue_request(arn), issue_request(other), issue_request(arn)]
        assert world.codes(*requests) == [ErrorCode.INVALID_STATE, None, ErrorCode.INVALID_STATE]
        assert world.stored(arn) == before
        assert not [e for e in journals.entries(world.store)[-2:] if e["resource"].startswith(f"{arn}/")]

    def test_a_renewed_authority_issues_with_its_new_certificate(self, world: World) -> None:
        arn = world.root()
        renewed = world.self_signed(arn, 100)
        world.store.before_commit = lambda: world.ca.certification.install(CALLER, arn, renewed, None)
        requests = [issue_request(arn), issue_request(arn, validity=("DAYS", 200))]
        assert world.codes(*requests) == [None, ErrorCode.VALIDATION]  # too long for the new one

    def test_an_authority_that_never_rests_makes_the_caller_try_later(self, world: World) -> None:
        arn = world.root()
        changes = 0

        def change() -> None:
            nonlocal changes
            changes += 1
            world.ca.authorities.update(CALLER, arn, None, None)
            world.store.before_commit = change

        world.store.before_commit = change
        before = world.stored(arn)
        assert world.codes(issue_request(arn)) == [ErrorCode.THROTTLED]
        assert world.stored(arn) == before
        assert changes == MAX_LOST_ROUNDS

    def test_a_batch_whose_commit_fails_can_be_tried_again_and_left_nothing(
        self, world: World, refused: Refused
    ) -> None:
        arn = world.root()
        before = world.stored(arn), journals.entries(world.store)
        requests = [issue_request(arn, token=f"t{n}") for n in range(5)]
        world.store.commits_to_lose = 1
        refused(ErrorCode.UNAVAILABLE, world.answers, *requests)
        assert (world.stored(arn), journals.entries(world.store)) == before
        assert world.codes(*requests) == [None] * 5
        assert world.stored(arn) == before[0] + 5
        assert journals.problems(world.store) == []


class TestKeys:
    def test_no_signature_is_made_inside_a_transaction(self, world: World) -> None:
        arn = world.root()
        open_at_signing: list[int] = []
        world.keys.when_signing = lambda: open_at_signing.append(world.store.open)
        world.ca.issuance._keys._keys.clear()
        world.answers(*(issue_request(arn) for _ in range(10)))
        assert open_at_signing == [0] * 10  # and each certificate was signed once

    def test_a_key_is_opened_once_however_many_certificates_it_signs(self, world: World) -> None:
        arns = [world.root() for _ in range(3)]
        world.keys.opened.clear()
        world.ca.issuance._keys._keys.clear()
        for _ in range(20):
            world.answers(*(issue_request(arn) for arn in arns))
        assert sorted(world.keys.opened) == sorted(arn.rpartition("/")[2] for arn in arns)

    def test_a_refused_request_opens_no_key(self, world: World) -> None:
        arn = world.root()
        world.ca.issuance._keys._keys.clear()
        world.keys.opened.clear()
        world.answers(issue_request(arn, b"hello"), issue_request(arn, validity=("YEARS", 90)))
        assert world.keys.opened == []


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
