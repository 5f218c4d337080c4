"""Revoking what is named: by ARN and by key, whole or not at all, every refusal with its place."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.revocation import named
from privyseal.ca.revocation.named import Name, Result, Revoke
from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn
from tests.ca.world import CALLER, STRANGER, csr, spki
from tests.crl.conftest import enabled
from tests.devices.requests import csr as csr_with
from tests.revoking.conftest import Revoking, arn_of, outcomes
from tests.stores import journals

DAY = timedelta(days=1)


def key_of(der: bytes) -> Name:
    """The name of a certificate's public key, as other software computes it."""
    return Name(key_digest=hashlib.sha256(spki(x509.load_der_x509_certificate(der))).digest())


def code(result: Result) -> ErrorCode | None:
    return result.code if isinstance(result, PrivySealError) else None


def codes(results: Sequence[Result]) -> list[ErrorCode | None]:
    return [code(each) for each in results]


def test_a_key_is_revoked_wherever_it_was_certified(revoking: Revoking) -> None:
    """In every authority of the account, switched off, expired or deleted; other keys stay."""
    world = revoking.world
    authorities = [world.root() for _ in range(4)]
    issued = [world.issue(arn) for arn in authorities for _ in range(2)]
    other = world.issue(authorities[0], csr_with(ec.generate_private_key(ec.SECP256R1()), "other"))
    world.set_status(authorities[1], Status.DISABLED)
    world.set_status(authorities[2], Status.EXPIRED)
    world.set_status(authorities[3], Status.DELETED)
    found = outcomes(revoking.named(key_of(issued[0].der)))
    assert {each.arn for each in found} == {each.arn for each in issued}
    assert all(each.changed for each in found)
    assert other.arn.serial in revoking.living(authorities[0])
    assert not {each.arn.serial for each in issued} & set().union(*map(revoking.living, authorities))


def test_what_has_expired_or_is_revoked_already_stays_as_it_is(revoking: Revoking) -> None:
    world = revoking.world
    arn = world.root()
    short, first, held = world.issue(arn, validity=("DAYS", 1)), world.issue(arn), world.issue(arn)
    revoking.named(arn_of(first), "SUPERSEDED")
    revoking.named(arn_of(held), HOLD)
    world.clock.advance(2 * DAY)
    found = {each.arn: each for each in outcomes(revoking.named(key_of(first.der)))}
    assert found.keys() == {first.arn, held.arn}
    assert [found[first.arn].changed, found[held.arn].changed] == [False, True]
    assert found[first.arn].certificate.revocation_reason == "SUPERSEDED"
    assert short.arn.serial in revoking.living(arn)


def test_a_key_that_nobody_has_is_not_found(revoking: Revoking) -> None:
    assert code(revoking.named(Name(key_digest=bytes(32)))) is ErrorCode.NOT_FOUND


def test_another_account_neither_sees_nor_touches_anything(revoking: Revoking) -> None:
    issued = revoking.world.issue(revoking.world.root())
    names = [arn_of(issued), key_of(issued.der)]
    service = revoking.world.ca.named_revoking
    orders = [Revoke(name, "UNSPECIFIED") for name in names]
    assert codes(service.revoke(STRANGER, orders)) == [ErrorCode.NOT_FOUND] * 2
    assert codes(service.release(STRANGER, names)) == [ErrorCode.NOT_FOUND] * 2
    assert issued.arn.serial in revoking.living(str(issued.arn.authority))


def test_every_refusal_has_its_place_and_touches_no_neighbour(revoking: Revoking) -> None:
    world = revoking.world
    arn = world.root()
    root_serial = world.row(arn).serial
    assert root_serial is not None
    parts = CertificateArn.parse(str(world.issue(arn).arn)).authority
    one, two, gone = world.issue(arn), world.issue(arn), world.issue(arn)
    revoking.named(arn_of(gone))
    orders = [
        Revoke(arn_of(one), "KEY_COMPROMISE"),
        Revoke(Name(arn="arn:x"), "UNSPECIFIED"),
        Revoke(Name(arn=str(CertificateArn(parts, 5))), "UNSPECIFIED"),
        Revoke(Name(arn=str(CertificateArn(parts, root_serial))), "UNSPECIFIED"),
        Revoke(arn_of(gone), "UNSPECIFIED"),
        Revoke(arn_of(two), "BOREDOM"),
        Revoke(arn_of(two), "SUPERSEDED", world.clock.now() + timedelta(seconds=1)),
        Revoke(arn_of(two), "SUPERSEDED", world.clock.now()),
        Revoke(arn_of(two), "SUPERSEDED"),
    ]
    wanted = [
        None,
        ErrorCode.INVALID_ARN,
        ErrorCode.NOT_FOUND,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.ALREADY_DONE,
        ErrorCode.VALIDATION,
        ErrorCode.VALIDATION,
        None,
        ErrorCode.ALREADY_DONE,  # by the order before it
    ]
    before = revoking.certificates()
    dry = world.ca.named_revoking.revoke(CALLER, orders, dry_run=True)
    assert (codes(dry), revoking.certificates()) == (wanted, before)
    real = world.ca.named_revoking.revoke(CALLER, orders)
    assert codes(real) == wanted
    assert [r for r in real if not isinstance(r, PrivySealError)] == [
        r for r in dry if not isinstance(r, PrivySealError)
    ]
    assert not revoking.living(arn) & {one.arn.serial, two.arn.serial}


@pytest.mark.parametrize("status", [Status.PENDING_CERTIFICATE, Status.EXPIRED, Status.DELETED])
def test_an_arn_needs_an_authority_that_revokes(revoking: Revoking, status: Status) -> None:
    issued = revoking.world.issue(revoking.world.root())
    revoking.world.set_status(str(issued.arn.authority), status)
    wanted = ErrorCode.NOT_FOUND if status is Status.DELETED else ErrorCode.INVALID_STATE
    assert code(revoking.named(arn_of(issued))) is wanted
    assert issued.arn.serial in revoking.living(str(issued.arn.authority))


def test_a_key_of_a_root_is_refused_whole(revoking: Revoking) -> None:
    """Its own certificate cannot be revoked, and half of what was asked for is not done."""
    world = revoking.world
    root, other = world.root(), world.root()
    crossed = world.issue(other, world.csr_of(root))
    assert code(revoking.named(key_of(crossed.der))) is ErrorCode.INVALID_REQUEST
    assert crossed.arn.serial in revoking.living(other)


def test_an_invalidity_date_is_kept_and_is_in_the_entry(revoking: Revoking) -> None:
    issued = revoking.world.issue(revoking.world.root(revocation=enabled()))
    date = (revoking.world.clock.now() - 30 * DAY).replace(microsecond=0)
    service = revoking.world.ca.named_revoking
    (result,) = service.revoke(CALLER, [Revoke(arn_of(issued), HOLD, date + timedelta(microseconds=7))])
    (found,) = outcomes(result)
    assert found.certificate.invalidity_date == date
    (result,) = service.revoke(CALLER, [Revoke(arn_of(issued), "KEY_COMPROMISE")])  # says nothing new of it
    assert outcomes(result)[0].certificate.invalidity_date == date
    revoking.make()
    (entry,) = revoking.crl(issued.arn.authority.id)
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == date


def test_releasing_a_key_releases_its_holds_and_nothing_else(revoking: Revoking) -> None:
    world = revoking.world
    arn = world.root()
    held, good, gone = (world.issue(arn) for _ in range(3))
    revoking.named(arn_of(held), HOLD)
    revoking.named(arn_of(gone))
    assert [each.arn for each in outcomes(revoking.release(key_of(held.der)))] == [held.arn]
    assert {held.arn.serial, good.arn.serial} <= revoking.living(arn)
    assert gone.arn.serial not in revoking.living(arn)
    assert code(revoking.release(key_of(held.der))) is ErrorCode.INVALID_STATE


def test_a_released_certificate_does_not_answer_to_its_old_token(revoking: Revoking) -> None:
    """Once it was taken back, it is not handed out as a fresh one."""
    arn = revoking.world.root()
    issued = revoking.world.issue(arn, token="t")
    revoking.named(arn_of(issued), HOLD)
    revoking.release(arn_of(issued))
    assert revoking.world.issue(arn, token="t").arn != issued.arn


def test_a_call_is_one_commit(revoking: Revoking) -> None:
    """When it is lost, nothing is done, of however many authorities."""
    world = revoking.world
    issued = [world.issue(world.root()) for _ in range(3)]
    orders = [Revoke(arn_of(each), "UNSPECIFIED") for each in issued]
    before = revoking.certificates()
    world.store.commits_to_lose = 1
    with pytest.raises(PrivySealError) as lost:
        world.ca.named_revoking.revoke(CALLER, orders)
    assert (lost.value.code, revoking.certificates()) == (ErrorCode.UNAVAILABLE, before)
    assert codes(world.ca.named_revoking.revoke(CALLER, orders)) == [None] * 3


def test_more_names_than_a_transaction_takes_are_refused(revoking: Revoking) -> None:
    order = Revoke(Name(key_digest=bytes(32)), "UNSPECIFIED")
    with pytest.raises(PrivySealError) as refusal:
        revoking.world.ca.named_revoking.revoke(CALLER, [order] * (named.MAX_NAMES + 1))
    assert refusal.value.code is ErrorCode.LIMIT_EXCEEDED


def test_each_certificate_has_its_entry_in_the_journal(revoking: Revoking) -> None:
    world = revoking.world
    arn = world.root()
    issued = [world.issue(arn, csr()) for _ in range(3)]
    revoking.named(key_of(issued[0].der), "KEY_COMPROMISE")
    told = [e for e in journals.entries(world.store) if e["action"] == "acm-pca:RevokeCertificate"]
    assert {e["resource"] for e in told} == {str(each.arn) for each in issued}
    assert len(told) == 3
    assert all(e["detail"] == {"reason": "KEY_COMPROMISE"} for e in told)
    assert all(e["principal"] == CALLER.principal for e in told)
