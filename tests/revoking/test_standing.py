"""Held, released, revoked: in whatever order, only a hold is ever undone."""

from datetime import datetime, timedelta
from threading import Event

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.ca.model import Certificate
from privyseal.ca.requests import Issued
from privyseal.ca.revocation import timing
from privyseal.ca.revocation.answers import Answers
from privyseal.ca.revocation.reasons import AWS_REASONS, HOLD
from privyseal.ca.revocation.responders import OpenResponders
from privyseal.ca.revocation.standing import TRANSITIONS, Act, Standing, standing
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.ocsp_request import parse
from tests.ca.world import CALLER
from tests.crl.conftest import Scene, enabled, id_of
from tests.ocsp import wire
from tests.revoking.conftest import Revoking, arn_of
from tests.stores import journals

SECOND = timedelta(seconds=1)
RELEASE = "release"
ACTS = st.lists(st.sampled_from([HOLD, RELEASE, "SUPERSEDED", "KEY_COMPROMISE"]), min_size=1, max_size=8)

# Reason and time of what was done; None where nothing is.
Told = tuple[str, datetime] | None


def stored(revoking: Revoking, issued: Issued) -> Certificate:
    key = (issued.arn.authority.id, issued.arn.serial)
    rows = revoking.world.rows.certificates
    return revoking.world.store.view(lambda tx: rows.find_many(tx, [key]))[key]


def expected(told: Told, act: str, now: datetime) -> Told | ErrorCode:
    """The rules, once more and in other words."""
    held = told is not None and told[0] == HOLD
    if act == RELEASE:
        return None if held else ErrorCode.INVALID_STATE
    if told is None:
        return act, now
    return (act, told[1]) if held and act != HOLD else ErrorCode.ALREADY_DONE


def test_only_a_hold_leads_back() -> None:
    back = {key for key, after in TRANSITIONS.items() if after is Standing.GOOD}
    assert back == {(Standing.HELD, Act.RELEASE)}
    assert not [key for key in TRANSITIONS if key[0] is Standing.REVOKED]


@pytest.fixture(name="authority", scope="module")
def authority_fixture(shared: Revoking) -> str:
    return shared.world.root(revocation=enabled())


@given(acts=ACTS)
@settings(deadline=None, max_examples=80)
def test_the_rules_hold_in_any_order(shared: Revoking, authority: str, acts: list[str]) -> None:
    """Each step against a model: the answer, the row, and the entry that CRLs will have."""
    world = shared.world
    issued = world.issue(authority)
    told: Told = None
    for act in acts:
        world.clock.advance(SECOND)
        result = shared.release(arn_of(issued)) if act == RELEASE else shared.named(arn_of(issued), act)
        wanted = expected(told, act, world.clock.now())
        row = stored(shared, issued)
        if isinstance(wanted, ErrorCode):
            assert isinstance(result, PrivySealError)
            assert result.code is wanted
        else:
            told = wanted
            assert not isinstance(result, PrivySealError)
            assert [(each.changed, each.certificate) for each in result] == [(True, row)]
        assert (row.revocation_reason, row.revoked_at) == (told or (None, None))
        assert standing(row).value == ("GOOD" if told is None else "HELD" if told[0] == HOLD else "REVOKED")
        assert len(entries(shared, issued)) == (told is not None)


def entries(revoking: Revoking, issued: Issued) -> list[dict[str, object]]:
    text = f"{issued.arn.serial:032x}"
    return [row for row in revoking.rows("revocation") if row["serial"] == text]


def reason_in_crl(revoking: Revoking, authority: str, issued: Issued) -> tuple[str, datetime] | None:
    revoking.world.clock.advance(timing.INTERVAL)
    revoking.make()
    entry = revoking.crl(id_of(authority)).get_revoked_certificate_by_serial_number(issued.arn.serial)
    if entry is None:
        return None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    return reason.value, entry.revocation_date_utc


def test_crls_follow_a_hold_through_its_life(revoking: Revoking) -> None:
    """Listed with certificateHold, gone after the release, and final with the date of the second hold."""
    world = revoking.world
    authority = world.root(revocation=enabled())
    issued = world.issue(authority)
    held_at = world.clock.now().replace(microsecond=0)
    revoking.named(arn_of(issued), HOLD)
    assert reason_in_crl(revoking, authority, issued) == ("certificateHold", held_at)
    revoking.release(arn_of(issued))
    assert reason_in_crl(revoking, authority, issued) is None
    world.clock.advance(SECOND)
    held_at = world.clock.now().replace(microsecond=0)
    revoking.named(arn_of(issued), HOLD)
    assert reason_in_crl(revoking, authority, issued) == ("certificateHold", held_at)
    revoking.named(arn_of(issued), "KEY_COMPROMISE")
    assert reason_in_crl(revoking, authority, issued) == ("keyCompromise", held_at)


def test_delta_crls_tell_what_became_of_a_hold(revoking: Revoking) -> None:
    """What the base lists as held: one released, one final; and one held again after its release."""
    world = revoking.world
    scene = Scene(world, deltas=True)
    authority = world.root(revocation=enabled())
    released, final, again = (world.issue(authority) for _ in range(3))
    for each in (released, final, again):
        revoking.named(arn_of(each), HOLD)
    world.clock.advance(timing.INTERVAL)
    scene.make()
    world.clock.advance(SECOND)
    revoking.release(arn_of(released))
    revoking.release(arn_of(again))
    revoking.named(arn_of(final), "SUPERSEDED")
    world.clock.advance(SECOND)
    revoking.named(arn_of(again), HOLD)
    world.clock.advance(timing.INTERVAL)
    scene.make()
    delta = scene.crl(id_of(authority), delta=True)
    told = [
        (each.serial_number, each.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
        for each in delta
    ]
    assert sorted(told) == sorted(
        [
            (released.arn.serial, "removeFromCRL"),
            (final.arn.serial, "superseded"),
            (again.arn.serial, "certificateHold"),
        ]
    )
    assert scene.serials(id_of(authority)) == {final.arn.serial, again.arn.serial}


def test_ocsp_follows_a_hold_through_its_life(revoking: Revoking) -> None:
    """From one commit to the next, without any time in between."""
    world = revoking.world
    authority = world.root(revocation={"OcspConfiguration": {"Enabled": True}})
    issued = world.issue(authority)
    world.ca.ocsp.upkeep.keep_up(Event())
    answers = Answers(world.store, world.rows, OpenResponders(world.keys))
    issuer = x509.load_der_x509_certificate(world.row(authority).certificate or b"")

    def status() -> tuple[str, str | None]:
        (answer,) = answers.answer([parse(wire.request_for(issued.arn.serial, issuer))])
        said = ocsp.load_der_ocsp_response(answer.response)
        return said.certificate_status.name, said.revocation_reason and said.revocation_reason.value

    assert status() == ("GOOD", None)
    revoking.named(arn_of(issued), HOLD)
    assert status() == ("REVOKED", "certificateHold")
    revoking.release(arn_of(issued))
    assert status() == ("GOOD", None)
    revoking.named(arn_of(issued), "SUPERSEDED")
    assert status() == ("REVOKED", "superseded")


def test_the_journal_tells_holds_and_releases_from_revocations(revoking: Revoking) -> None:
    """Only what is for good has the action that becomes an event of AWS."""
    issued = revoking.world.issue(revoking.world.root())
    for act in (HOLD, RELEASE, HOLD, "SUPERSEDED"):
        if act == RELEASE:
            revoking.release(arn_of(issued))
        else:
            revoking.named(arn_of(issued), act)
    told = [e for e in journals.entries(revoking.world.store) if e["resource"] == str(issued.arn)]
    assert [(e["action"], e["detail"].get("reason")) for e in told[1:]] == [
        ("privyseal:HoldCertificate", HOLD),
        ("privyseal:ReleaseCertificate", None),
        ("privyseal:HoldCertificate", HOLD),
        ("acm-pca:RevokeCertificate", "SUPERSEDED"),
    ]


@pytest.mark.parametrize("reason", AWS_REASONS)
def test_revoke_certificate_ends_a_hold_with_every_reason_that_aws_has(
    revoking: Revoking, reason: str
) -> None:
    issued = revoking.world.issue(revoking.world.root())
    held_at = revoking.world.clock.now()
    revoking.named(arn_of(issued), HOLD)
    revoking.world.clock.advance(SECOND)
    authority, serial = str(issued.arn.authority), f"{issued.arn.serial:x}"
    revoking.world.ca.revocation.revoke(CALLER, authority, serial, reason)
    row = stored(revoking, issued)
    assert (row.revocation_reason, row.revoked_at) == (reason, held_at)
