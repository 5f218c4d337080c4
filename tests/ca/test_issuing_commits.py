"""Between a batch's snapshot, its signatures and its commit."""

from privyseal.ca.issuance import MAX_LOST_ROUNDS
from privyseal.errors import ErrorCode
from tests.ca.world import CALLER, World, issue_request
from tests.stores import journals


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

    def test_a_batch_whose_commit_fails_can_be_tried_again_and_left_nothing(self, world: World) -> None:
        arn = world.root()
        before = world.stored(arn), journals.entries(world.store)
        requests = [issue_request(arn, token=f"t{n}") for n in range(5)]
        world.store.commits_to_lose = 1
        assert world.codes(*requests) == [ErrorCode.UNAVAILABLE] * 5
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
