"""Mass revocations: what is below goes, all of it and once; what is beside it stays."""

from datetime import timedelta
from threading import Event

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.mass import OrderRequest
from privyseal.ca.revocation.mass_model import TRANSITIONS, Filter, State
from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from tests.ca.world import CALLER, STRANGER, TEMPLATE, Refused, pem
from tests.crl.conftest import enabled, id_of
from tests.devices.requests import csr as csr_with
from tests.revoking.conftest import MIDDLE_TEMPLATE, Revoking, arn_of, cascade_below, serials, state, tree
from tests.stores import journals

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
CLIENT_TEMPLATE = f"{TEMPLATE}EndEntityClientAuthCertificate/V1"


def test_the_states_of_an_order_lead_to_an_end() -> None:
    assert {after for _, after in TRANSITIONS.items()} == set(State)
    assert not [key for key in TRANSITIONS if key[0] in {State.COMPLETED, State.FAILED}]


def test_everything_below_goes_over_any_depth_and_nothing_beside_it(revoking: Revoking) -> None:
    root, high, middle, low = tree(revoking)
    sibling = revoking.world.subordinate(root)
    stays = {arn: serials(revoking.issue_many(arn, 4)) for arn in (root, sibling)}
    for arn in (high, middle, low):
        revoking.issue_many(arn, 7)
    revoking.revoke_authority(high)
    before = {arn: revoking.living(arn) for arn in (root, sibling)}
    unchanged = [revoking.world.row(arn) for arn in (root, sibling)]
    progress = revoking.cascade(high)
    assert state(progress) == (State.COMPLETED, 7 + 7 + 7 + 2)  # two authorities' certificates
    assert [revoking.living(arn) for arn in (high, middle, low)] == [set()] * 3
    assert {arn: revoking.living(arn) for arn in (root, sibling)} == before
    assert all(stays[arn] <= before[arn] for arn in stays)
    assert [revoking.world.row(arn) for arn in (root, sibling)] == unchanged
    assert [revoking.world.status(arn) for arn in (high, middle, low)] == [Status.DISABLED] * 3
    assert [str(authority.arn) for authority, _ in progress.steps] == [high, middle, low]
    assert [(step.expected, step.revoked) for _, step in progress.steps] == [(8, 8), (8, 8), (7, 7)]


def test_reason_and_invalidity_date_are_those_of_the_order(revoking: Revoking) -> None:
    _, high, *_ = tree(revoking)
    (issued,) = revoking.issue_many(high, 1)
    revoking.revoke_authority(high)
    date = revoking.world.clock.now().replace(microsecond=0) - DAY
    request = OrderRequest(CALLER, high, None, "CERTIFICATE_AUTHORITY_COMPROMISE", date)
    progress = revoking.carry_out(revoking.mass.order(request))
    rows = [row for row in revoking.certificates() if row["revoked_at"] is not None]
    (row,) = [row for row in rows if row["serial"] == f"{issued.arn.serial:032x}"]
    assert row["revocation_reason"] == "CERTIFICATE_AUTHORITY_COMPROMISE"
    assert row["invalidity_date"] == int(date.timestamp()) * 1_000_000
    told = [e for e in journals.entries(revoking.world.store) if e["resource"] == str(issued.arn)]
    assert [(e["action"], e["detail"]) for e in told[1:]] == [
        (
            "acm-pca:RevokeCertificate",
            {
                "reason": "CERTIFICATE_AUTHORITY_COMPROMISE",
                "invalidity_date": date.isoformat(),
                "order": progress.order.id,
            },
        )
    ]
    actions = [e["action"] for e in journals.entries(revoking.world.store)]
    assert actions.count("privyseal:OrderMassRevocation") == 1
    assert actions.count("privyseal:EndMassRevocation") == 1


def test_holds_become_final_and_expired_or_revoked_certificates_stay_as_they_are(revoking: Revoking) -> None:
    _, high, *_ = tree(revoking)
    held, gone = revoking.issue_many(high, 2)
    short = revoking.world.issue(high, validity=("DAYS", 1))
    revoking.named(arn_of(held), HOLD)
    revoking.named(arn_of(gone), "SUPERSEDED")
    revoking.world.clock.advance(2 * DAY)
    revoking.revoke_authority(high)
    revoking.cascade(high)
    reasons = {int(row["serial"], 16): row["revocation_reason"] for row in revoking.certificates()}
    assert reasons[held.arn.serial] == "CERTIFICATE_AUTHORITY_COMPROMISE"
    assert reasons[gone.arn.serial] == "SUPERSEDED"
    assert reasons[short.arn.serial] is None


def test_a_cascade_needs_a_revoked_authority(revoking: Revoking, refused: Refused) -> None:
    _, high, middle, _ = tree(revoking)
    revoking.issue_many(middle, 2)
    before = revoking.certificates()
    text = refused(ErrorCode.INVALID_STATE, revoking.mass.order, cascade_below(middle))
    assert f"{high}/certificate/" in text
    refused(ErrorCode.INVALID_STATE, revoking.mass.order, cascade_below(middle, revoked_elsewhere=True))
    refused(ErrorCode.INVALID_STATE, revoking.mass.preview, cascade_below(middle))
    assert (revoking.certificates(), revoking.world.status(middle)) == (before, Status.ACTIVE)


def test_every_living_certificate_of_the_authority_must_be_revoked(
    revoking: Revoking, refused: Refused
) -> None:
    """A renewed one has several; a hold is not enough."""
    world = revoking.world
    root, high, *_ = tree(revoking)
    renewed = world.issue(root, world.csr_of(high), template_arn=MIDDLE_TEMPLATE, validity=("DAYS", 900))
    revoking.revoke_authority(high)
    text = refused(ErrorCode.INVALID_STATE, revoking.mass.order, cascade_below(high))
    assert str(renewed.arn) in text
    revoking.named(arn_of(renewed), HOLD)
    refused(ErrorCode.INVALID_STATE, revoking.mass.order, cascade_below(high))
    revoking.named(arn_of(renewed))
    assert state(revoking.cascade(high))[0] is State.COMPLETED


def test_a_root_is_given_up_in_so_many_words(revoking: Revoking, refused: Refused) -> None:
    """Its own certificate is nobody's to revoke, so the order says that nobody is to trust it."""
    root, high, *_ = tree(revoking)
    refused(ErrorCode.INVALID_STATE, revoking.mass.order, cascade_below(root))
    progress = revoking.cascade(root, revoked_elsewhere=True)
    assert state(progress)[0] is State.COMPLETED
    assert progress.refused == 0
    assert next((step.expected, step.revoked) for _, step in progress.steps) == (1, 1)
    assert revoking.living(root) == {revoking.world.row(root).serial}
    assert revoking.living(high) == set()


def test_an_authority_is_found_by_the_key_in_any_of_its_certificates(revoking: Revoking) -> None:
    """It has moved to another parent meanwhile, but what the first one said of its key still holds."""
    world = revoking.world
    root, high, middle, _ = tree(revoking)
    moved = world.issue(root, world.csr_of(middle), template_arn=MIDDLE_TEMPLATE, validity=("DAYS", 900))
    chain = world.ca.certification.certificate(CALLER, root).certificate
    world.ca.certification.install(CALLER, middle, pem(moved.der), chain.encode())
    revoking.issue_many(middle, 3)
    revoking.revoke_authority(high)
    progress = revoking.cascade(high)
    assert middle in [str(authority.arn) for authority, _ in progress.steps]
    assert revoking.living(middle) == set()
    assert moved.arn.serial in revoking.living(root)


def test_a_key_of_somebody_else_is_reported(revoking: Revoking) -> None:
    """Its certificate is revoked; what it has issued is out of reach."""
    _, high, *_ = tree(revoking)
    key = ec.generate_private_key(ec.SECP256R1())
    strange = revoking.world.issue(high, csr_with(key, "elsewhere"), template_arn=MIDDLE_TEMPLATE)
    revoking.revoke_authority(high)
    progress = revoking.cascade(high)
    assert [each.resource for each in progress.refusals] == [str(strange.arn)]
    assert progress.refused == 1
    assert strange.arn.serial not in revoking.living(high)


def test_a_second_order_is_refused_while_the_first_runs_and_does_nothing_after_it(
    revoking: Revoking, refused: Refused
) -> None:
    _, high, *_ = tree(revoking)
    revoking.issue_many(high, 5)
    revoking.revoke_authority(high)
    first = revoking.cascade(high, wait=False)
    text = refused(ErrorCode.IN_PROGRESS, revoking.mass.order, cascade_below(high))
    assert first.order.id in text
    revoking.carry_out(first)
    before = revoking.certificates()
    assert state(revoking.cascade(high)) == (State.COMPLETED, 0)
    assert revoking.certificates() == before


def test_a_preview_counts_and_changes_nothing(revoking: Revoking) -> None:
    _, high, *_ = tree(revoking)
    revoking.issue_many(high, 5)
    revoking.revoke_authority(high)
    before = revoking.certificates(), journals.entries(revoking.world.store)
    preview = revoking.mass.preview(cascade_below(high))
    assert [step.expected for _, step in preview.steps] == [6, 1, 0]
    assert (revoking.certificates(), journals.entries(revoking.world.store)) == before
    assert revoking.rows("mass_revocation") == []
    assert revoking.world.status(high) is Status.ACTIVE


def test_a_filter_takes_what_fits_and_leaves_the_authority_on(revoking: Revoking) -> None:
    world = revoking.world
    arn = world.root()
    old = serials(revoking.issue_many(arn, 4))
    world.clock.advance(DAY)
    since = world.clock.now()
    clients = serials(revoking.issue_many(arn, 4, template_arn=CLIENT_TEMPLATE))
    new = serials(revoking.issue_many(arn, 4))
    wanted = Filter(template="EndEntityClientAuthCertificate/V1", subject="device-1", issued_after=since)
    assert state(revoking.filtered(arn, wanted)) == (State.COMPLETED, 1)
    assert len(revoking.living(arn) & clients) == 3
    assert state(revoking.filtered(arn, Filter(issued_before=since))) == (State.COMPLETED, 4)
    assert not revoking.living(arn) & old
    assert new <= revoking.living(arn)
    assert world.status(arn) is Status.ACTIVE


def test_a_filter_leaves_what_is_issued_after_its_end(revoking: Revoking) -> None:
    """What is issued while it goes through may be in it."""
    arn = revoking.world.root()
    revoking.issue_many(arn, 5)
    request = OrderRequest(CALLER, arn, Filter(subject="device"), "SUPERSEDED")
    progress = revoking.mass.order(request)
    assert state(revoking.carry_out(progress)) == (State.COMPLETED, 5)
    later = serials(revoking.issue_many(arn, 2))
    revoking.work.work(Event())
    assert later <= revoking.living(arn)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": HOLD}, ErrorCode.VALIDATION),
        ({"reason": "BOREDOM"}, ErrorCode.VALIDATION),
        ({"filter": Filter()}, ErrorCode.VALIDATION),
        ({"caller": STRANGER}, ErrorCode.NOT_FOUND),
        ({"authority_arn": "x"}, ErrorCode.INVALID_ARN),
    ],
)
def test_what_makes_no_sense_is_refused(
    revoking: Revoking, refused: Refused, changes: dict[str, object], code: ErrorCode
) -> None:
    arn = revoking.world.root()
    values = {"caller": CALLER, "authority_arn": arn, "filter": Filter(subject="x"), "reason": "SUPERSEDED"}
    refused(code, revoking.mass.order, OrderRequest(**{**values, **changes}))  # type: ignore[arg-type]
    assert revoking.rows("mass_revocation") == []


def test_another_account_sees_no_order(revoking: Revoking, refused: Refused) -> None:
    progress = revoking.cascade(revoking.world.root(), revoked_elsewhere=True)
    refused(ErrorCode.NOT_FOUND, revoking.mass.show, STRANGER, progress.order.id)
    assert revoking.mass.page(STRANGER, None, 10) == ([], None)
    assert [each.order.id for each in revoking.mass.page(CALLER, None, 10)[0]] == [progress.order.id]


def test_the_end_waits_for_every_crl_that_is_switched_on(revoking: Revoking) -> None:
    """Also of partitions; and not for those that nothing was revoked in."""
    world = revoking.world
    root = world.root(revocation=enabled())
    middle = world.subordinate(root, MIDDLE_TEMPLATE, revocation=enabled())
    low = world.subordinate(middle, revocation=enabled(CrlType="PARTITIONED"))
    silent = world.subordinate(middle)
    for arn in (middle, low, silent):
        revoking.issue_many(arn, 2)
    revoking.make()
    world.clock.advance(timing.INTERVAL)
    revoking.revoke_authority(middle)
    progress = revoking.cascade(middle)
    assert progress.order.state is State.PUBLISHING
    partition = world.store.view(lambda tx: world.rows.partitions.open_of(tx, [id_of(low)]))[id_of(low)]
    assert set(progress.waiting_for) == {id_of(middle), partition}
    world.clock.advance(timing.INTERVAL)
    revoking.make()
    progress = revoking.carry_out(progress)
    assert (progress.order.state, progress.waiting_for) == (State.COMPLETED, ())
    assert len(revoking.crl(id_of(middle))) == 4
    assert len(revoking.crl(partition)) == 2


def test_a_crl_that_was_switched_off_is_not_waited_for(revoking: Revoking) -> None:
    world = revoking.world
    root = world.root()
    low = world.subordinate(root, revocation=enabled())
    revoking.issue_many(low, 2)
    revoking.revoke_authority(low)
    progress = revoking.cascade(low)
    assert progress.order.state is State.PUBLISHING
    world.ca.authorities.update(CALLER, low, None, {"CrlConfiguration": {"Enabled": False}})
    assert revoking.carry_out(progress).order.state is State.RUNNING  # looked through again: it was changed
    assert revoking.carry_out(progress).order.state is State.COMPLETED


def test_a_deleted_authority_below_is_gone_through_as_well(revoking: Revoking) -> None:
    """If it is ever restored, its CRL says so."""
    world = revoking.world
    _, high, middle, _ = tree(revoking)
    revoking.issue_many(middle, 3)
    revoking.revoke_authority(high)
    world.set_status(middle, Status.DELETED)
    revoking.cascade(high)
    assert revoking.living(middle) == set()
    assert world.row(middle).status is Status.DELETED


def test_the_responders_own_certificates_stay(revoking: Revoking) -> None:
    """They say what is revoked."""
    world = revoking.world
    root = world.root()
    low = world.subordinate(root, revocation={"OcspConfiguration": {"Enabled": True}})
    revoking.issue_many(low, 2)
    world.ca.ocsp.upkeep.keep_up(Event())
    revoking.revoke_authority(low)
    assert state(revoking.cascade(low)) == (State.COMPLETED, 2)
    (responder,) = revoking.living(low)
    (row,) = [row for row in revoking.certificates() if int(row["serial"], 16) == responder]
    assert row["service_principal"] == "privyseal:ocsp"
