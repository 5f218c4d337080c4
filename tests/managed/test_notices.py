"""Who is told of an expiry, when, and how often; and that what has expired says so."""

from datetime import timedelta

import pytest

from privyseal.managed.model import AccountConfiguration
from privyseal.managed.states import Status
from tests.ca.world import ACCOUNT, REGION
from tests.managed.kept import DAY, Kept


def approaching(kept: Kept, arn: str) -> list[int]:
    return [each["certificate"]["days_to_expiry"] for each in kept.entries("acm:ApproachingExpiration", arn)]


def required(kept: Kept, arn: str) -> list[int]:
    return [each["certificate"]["days_to_expiry"] for each in kept.entries("acm:RenewalActionRequired", arn)]


def configure(kept: Kept, days: int) -> None:
    configuration = AccountConfiguration(ACCOUNT, REGION, days, "token", kept.clock.now())
    kept.store.transact(lambda tx: kept.rows.accounts.put(tx, configuration))


def test_it_is_said_once_a_day_from_45_days_before(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    kept.wait(349 * DAY)
    assert approaching(kept, arn) == []
    for _ in range(6):
        kept.wait(timedelta(hours=12))
        kept.run()
    assert approaching(kept, arn) == [45, 44, 43]


def test_what_was_missed_is_not_made_up_for(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    kept.wait(375 * DAY)
    assert approaching(kept, arn) == [20]
    assert required(kept, arn) == [20]  # for the stage of 30 days, and that of 45
    kept.wait(5 * DAY)
    assert required(kept, arn) == [20, 15]


def test_where_renewing_goes_by_itself_no_action_is_required(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    kept.wait(349 * DAY)
    for _ in range(30):
        kept.wait(DAY)
    assert required(kept, arn) == []


def test_where_renewing_fails_action_is_required(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.withdraw(authority)
    for _ in range(391):
        kept.wait(DAY)
    assert required(kept, arn) == [45, 30, 15]
    reasons = {
        e["certificate"]["renewal_status_reason"] for e in kept.entries("acm:RenewalActionRequired", arn)
    }
    assert reasons == {"PCA_ACCESS_DENIED"}


def test_expiry_is_said_once(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    kept.wait(395 * DAY - timedelta(seconds=1))
    assert kept.row(arn).status is Status.ISSUED
    kept.wait(timedelta(seconds=1))
    kept.wait(DAY)
    assert kept.row(arn).status is Status.EXPIRED
    assert len(kept.entries("acm:ExpireCertificate", arn)) == 1


@pytest.mark.parametrize(("days", "said"), [(90, [90]), (10, [])])
def test_another_number_of_days_counts_for_certificates_that_are_there(
    kept: Kept, days: int, said: list[int]
) -> None:
    authority = kept.authority()
    arns = [kept.request(authority, f"host-{n}.example.com") for n in range(300)]
    kept.run()
    configure(kept, days)
    kept.run()
    kept.wait(305 * DAY)
    assert [approaching(kept, arn) for arn in (arns[0], arns[-1])] == [said, said]


def test_fewer_days_than_a_stage_keep_the_stage(kept: Kept) -> None:
    configure(kept, 10)
    arn = kept.issued(kept.authority())
    for _ in range(395):
        kept.wait(DAY)
    assert approaching(kept, arn) == list(range(10, 0, -1))
    assert required(kept, arn) == [45, 30, 15, 3, 1]


def test_the_largest_number_of_days_is_from_the_first_day_on(kept: Kept) -> None:
    configure(kept, 2**31 - 1)
    arn = kept.issued(kept.authority())
    kept.wait(DAY)
    assert approaching(kept, arn) == [395, 394]


def test_account_configurations_count_for_their_account_and_region_alone(kept: Kept) -> None:
    other = AccountConfiguration(ACCOUNT, "us-east-2", 90, "token", kept.clock.now())
    kept.store.transact(lambda tx: kept.rows.accounts.put(tx, other))
    arn = kept.issued(kept.authority())
    kept.wait(310 * DAY)
    assert approaching(kept, arn) == []
