"""Permissions of AWS services: one principal, one account, one permission on each authority."""

import json

import pytest

from privyseal.ca.model import ROOT
from privyseal.ca.permissions import policy_of
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from privyseal.names import AuthorityArn
from privyseal.value import changed
from tests.ca.world import ACCOUNT, CALLER, STRANGER, Refused, World, elsewhere
from tests.stores import journals

ACM = "acm.amazonaws.com"
ALL = ("IssueCertificate", "GetCertificate", "ListPermissions")


def shown(world: World, arn: str) -> list[tuple[str, str, tuple[str, ...]]]:
    rows, end = world.ca.permissions.page(CALLER, arn, None, 100)
    assert end is None
    return [(row.principal, row.source_account, row.actions) for row in rows]


def test_a_permission_is_the_callers_account_unless_it_says_so(world: World) -> None:
    one, two = world.create(ROOT), world.create(ROOT)
    world.ca.permissions.create(CALLER, one, ACM, ALL, None)
    world.ca.permissions.create(CALLER, two, ACM, ["GetCertificate"], ACCOUNT)
    assert shown(world, one) == [(ACM, ACCOUNT, ALL)]
    assert shown(world, two) == [(ACM, ACCOUNT, ("GetCertificate",))]


def test_a_repeated_action_counts_once(world: World) -> None:
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ["GetCertificate", "GetCertificate"], None)
    assert shown(world, arn) == [(ACM, ACCOUNT, ("GetCertificate",))]


def test_a_second_one_is_refused_and_changes_nothing(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ["GetCertificate"], None)
    refused(ErrorCode.ALREADY_EXISTS, world.ca.permissions.create, CALLER, arn, ACM, ALL, None)
    assert shown(world, arn) == [(ACM, ACCOUNT, ("GetCertificate",))]


@pytest.mark.parametrize(
    "principal", ["s3.amazonaws.com", "ACM.amazonaws.com", "acm.amazonaws.com ", ACCOUNT]
)
def test_no_other_principal_is_valid(world: World, refused: Refused, principal: str) -> None:
    arn = world.create(ROOT)
    refused(ErrorCode.VALIDATION, world.ca.permissions.create, CALLER, arn, principal, ALL, None)
    refused(ErrorCode.VALIDATION, world.ca.permissions.delete, CALLER, arn, principal, None)
    assert shown(world, arn) == []


def test_the_source_account_is_the_owner(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    refused(ErrorCode.VALIDATION, world.ca.permissions.create, CALLER, arn, ACM, ALL, STRANGER.account)
    world.ca.permissions.create(CALLER, arn, ACM, ALL, None)
    refused(ErrorCode.VALIDATION, world.ca.permissions.delete, CALLER, arn, ACM, STRANGER.account)
    assert len(shown(world, arn)) == 1


def test_a_deleted_permission_can_be_given_again(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.delete, CALLER, arn, ACM, None)
    world.ca.permissions.create(CALLER, arn, ACM, ["GetCertificate"], None)
    world.ca.permissions.delete(CALLER, arn, ACM, ACCOUNT)
    assert shown(world, arn) == []
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.delete, CALLER, arn, ACM, None)
    world.ca.permissions.create(CALLER, arn, ACM, ALL, None)
    assert shown(world, arn) == [(ACM, ACCOUNT, ALL)]


@pytest.mark.parametrize("status", [Status.CREATING, Status.FAILED])
def test_states_that_have_no_permissions(world: World, refused: Refused, status: Status) -> None:
    arn = world.create(ROOT)
    world.set_status(arn, status)
    message = f"The certificate authority is in the {status} state."
    for call in (
        lambda: world.ca.permissions.create(CALLER, arn, ACM, ALL, None),
        lambda: world.ca.permissions.delete(CALLER, arn, ACM, None),
        lambda: world.ca.permissions.page(CALLER, arn, None, 10),
    ):
        assert refused(ErrorCode.INVALID_STATE, call) == message


def test_a_deleted_authority_is_in_the_deleted_state(world: World, refused: Refused) -> None:
    """In the words that Terraform takes for "gone"; a restored one has what it had."""
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ALL, None)
    world.ca.authorities.delete(CALLER, arn, 7)
    message = refused(ErrorCode.INVALID_STATE, world.ca.permissions.page, CALLER, arn, None, 10)
    assert "The certificate authority is in the DELETED state" in message
    world.ca.authorities.restore(CALLER, arn)
    assert shown(world, arn) == [(ACM, ACCOUNT, ALL)]


def test_strangers_find_nothing(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ALL, None)
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.page, STRANGER, arn, None, 10)
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.create, STRANGER, arn, ACM, ALL, None)
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.delete, STRANGER, arn, ACM, None)
    other = elsewhere(arn, region="us-east-1")
    refused(ErrorCode.NOT_FOUND, world.ca.permissions.page, CALLER, other, None, 10)
    refused(ErrorCode.INVALID_ARN, world.ca.permissions.page, CALLER, f"{arn}/x", None, 10)
    assert len(shown(world, arn)) == 1


def test_the_journal_says_who_gave_what(world: World) -> None:
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ["GetCertificate"], None)
    world.ca.permissions.delete(CALLER, arn, ACM, None)
    given, taken = journals.entries(world.store)[-2:]
    assert (given["action"], given["resource"]) == ("acm-pca:CreatePermission", arn)
    assert given["detail"] == {"grantee": ACM, "source_account": ACCOUNT, "actions": ["GetCertificate"]}
    assert (taken["action"], taken["principal"]) == ("acm-pca:DeletePermission", CALLER.principal)
    assert taken["detail"] == {"grantee": ACM, "source_account": ACCOUNT}


def test_the_policy_of_a_permission_says_what_it_allows(world: World) -> None:
    arn = world.create(ROOT)
    world.ca.permissions.create(CALLER, arn, ACM, ALL, None)
    ((row,), _) = world.ca.permissions.page(CALLER, arn, None, 10)
    assert json.loads(policy_of(row, AuthorityArn.parse(arn))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ACM},
                "Action": [f"acm-pca:{action}" for action in ALL],
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }


def test_a_service_is_told_by_its_principal() -> None:
    """What acts for an account as `acm.amazonaws.com` is a service; users and devices are not."""
    assert changed(CALLER, principal=ACM).service == ACM
    for principal in (
        CALLER.principal,
        "device:acm.amazonaws.com",
        "amazonaws.com",
        f"{ACM}.example",
        "arn:aws:iam::1:user/x.amazonaws.com",
    ):
        assert changed(CALLER, principal=principal).service is None
