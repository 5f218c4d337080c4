"""The number of certificates of an authority, where the operator has limited it."""

from datetime import timedelta

from privyseal.ca.issuance import Issuance
from privyseal.ca.quotas import COUNTED_FOR, CertificateQuota
from privyseal.ca.requests import Issued
from privyseal.ca.service import CertificateAuthorities
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.wrapping import Wrapper
from tests.ca.fakes import KEK
from tests.ca.world import World, csr, issue_request
from tests.publishers.memory import MemoryPublisher


def limited(world: World, limit: int | None) -> Issuance:
    """A second process on the same store, with a quota."""
    keys = SoftwareKeyStore(Wrapper(KEK))
    ca = CertificateAuthorities(
        world.store, world.rows, keys, MemoryPublisher(), urls=world.urls, certificates_per_authority=limit
    )
    return ca.issuance


def answers(issuance: Issuance, arn: str, count: int) -> list[ErrorCode | None]:
    found = issuance.issue([issue_request(arn) for _ in range(count)])
    return [each.code if isinstance(each, PrivySealError) else None for each in found]


FULL = ErrorCode.LIMIT_EXCEEDED


def test_an_authority_issues_up_to_its_limit(world: World) -> None:
    """Its own root certificate counts too; another authority has a limit of its own."""
    arn, other = world.root(), world.root()
    issuance = limited(world, 4)
    assert answers(issuance, arn, 2) == [None, None]
    assert answers(issuance, arn, 3) == [None, FULL, FULL]
    assert answers(issuance, arn, 1) == [FULL]
    assert answers(issuance, other, 1) == [None]
    assert (world.stored(arn), world.stored(other)) == (4, 2)


def test_without_a_limit_nothing_is_counted(world: World) -> None:
    arn = world.root()
    assert answers(limited(world, None), arn, 3) == [None] * 3


def test_what_others_issue_is_counted_after_a_while(world: World) -> None:
    arn = world.root()
    issuance = limited(world, 5)
    assert answers(issuance, arn, 1) == [None]
    for _ in range(3):
        world.issue(arn)
    world.clock.advance(COUNTED_FOR)
    assert answers(issuance, arn, 1) == [FULL]


def test_a_refused_request_uses_nothing_up(world: World) -> None:
    arn = world.root()
    issuance = limited(world, 3)
    bad = issue_request(arn, b"no csr")
    assert [each.code for each in issuance.issue([bad] * 5) if isinstance(each, PrivySealError)] == [
        ErrorCode.MALFORMED_CSR
    ] * 5
    assert answers(issuance, arn, 2) == [None, None]


def test_a_retry_of_what_was_issued_is_answered_at_the_limit(world: World) -> None:
    arn = world.root()
    issuance = limited(world, 2)
    request = issue_request(arn, csr(), token="t")
    (first,) = issuance.issue([request])
    (again,) = issuance.issue([request])
    assert isinstance(first, Issued)
    assert isinstance(again, Issued)
    assert (again.arn, again.replayed) == (first.arn, True)
    assert answers(issuance, arn, 1) == [FULL]


def test_the_count_is_taken_anew_when_its_time_is_over(world: World) -> None:
    """A count that was too high because of something that failed later does not stay."""
    arn = world.root()
    authority_id = world.row(arn).arn.id
    quota = CertificateQuota(world.store, world.rows.certificates, 3)
    now = world.clock.now()
    quota.take(authority_id, now)
    quota.take(authority_id, now)
    try:
        quota.take(authority_id, now + COUNTED_FOR - timedelta(microseconds=1))
    except PrivySealError as error:
        refusal = error.code
    quota.take(authority_id, now + COUNTED_FOR)
    assert refusal is FULL
