"""What may be issued, and for how long: roots, ends, short lives."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.ca.model import SHORT_LIVED_CERTIFICATE, SUBORDINATE
from privyseal.ca.requests import Issued
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from tests.ca.world import (
    CALLER,
    NOT_ISSUING,
    NOW,
    ROOT_TEMPLATE,
    Refused,
    World,
    csr,
    in_memory,
    issue_request,
    pem,
)


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
        with in_memory() as world:
            arn = world.root()
            end = world.row(arn).not_after
            (answer,) = world.answers(issue_request(arn, validity=(kind, value)))
            if isinstance(answer, Issued):
                certificate = x509.load_der_x509_certificate(answer.der)
                assert NOW < certificate.not_valid_after_utc <= (end or datetime.now(UTC))
            else:
                assert answer.code in {ErrorCode.VALIDATION, ErrorCode.INVALID_ARGUMENT}

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
