"""Resource policies attached to authorities: stored as they were given, once they are valid."""

import json
from typing import Any

import pytest

from privyseal.ca.model import ROOT
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from tests.ca.world import CALLER, STRANGER, Refused, World, elsewhere
from tests.stores import journals


def policy(arn: str, account: str = STRANGER.account) -> str:
    """AWS's example for another account, with white space of its own."""
    shared: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": account}, "Resource": arn}
    names = (
        "DescribeCertificateAuthority",
        "GetCertificate",
        "GetCertificateAuthorityCertificate",
        "ListPermissions",
        "ListTags",
    )
    template = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
    condition = {"StringEquals": {"acm-pca:TemplateArn": template}}
    statements = [
        {**shared, "Action": [f"acm-pca:{name}" for name in names]},
        {**shared, "Action": "acm-pca:IssueCertificate", "Condition": condition},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=5) + "\n"


def test_a_policy_comes_back_letter_by_letter(world: World) -> None:
    arn, other = world.create(ROOT), world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    world.ca.policies.put(CALLER, other, policy(other))
    assert world.ca.policies.get(CALLER, arn) == policy(arn)


def test_a_newer_policy_replaces_the_older(world: World) -> None:
    arn = world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    world.ca.policies.put(CALLER, arn, policy(arn, "777777777777"))
    assert world.ca.policies.get(CALLER, arn) == policy(arn, "777777777777")


def test_an_invalid_one_changes_nothing(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    before = len(journals.entries(world.store))
    refused(
        ErrorCode.INVALID_POLICY, world.ca.policies.put, CALLER, arn, policy(elsewhere(arn, region="x-1"))
    )
    assert world.ca.policies.get(CALLER, arn) == policy(arn)
    assert len(journals.entries(world.store)) == before


def test_there_may_be_none(world: World, refused: Refused) -> None:
    """Getting it fails, deleting it does not, as AWS documents both."""
    arn = world.create(ROOT)
    refused(ErrorCode.NOT_FOUND, world.ca.policies.get, CALLER, arn)
    world.ca.policies.delete(CALLER, arn)
    world.ca.policies.put(CALLER, arn, policy(arn))
    world.ca.policies.delete(CALLER, arn)
    refused(ErrorCode.NOT_FOUND, world.ca.policies.get, CALLER, arn)
    world.ca.policies.delete(CALLER, arn)


@pytest.mark.parametrize("status", [Status.CREATING, Status.FAILED])
def test_states_that_have_no_policy(world: World, refused: Refused, status: Status) -> None:
    arn = world.create(ROOT)
    world.set_status(arn, status)
    refused(ErrorCode.INVALID_STATE, world.ca.policies.put, CALLER, arn, policy(arn))
    refused(ErrorCode.INVALID_STATE, world.ca.policies.get, CALLER, arn)
    refused(ErrorCode.INVALID_STATE, world.ca.policies.delete, CALLER, arn)


def test_a_deleted_authority_keeps_its_policy_to_itself(world: World, refused: Refused) -> None:
    arn = world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    world.ca.authorities.delete(CALLER, arn, 7)
    for call in (world.ca.policies.get, world.ca.policies.delete):
        refused(ErrorCode.INVALID_STATE, call, CALLER, arn)
    world.ca.authorities.restore(CALLER, arn)
    assert world.ca.policies.get(CALLER, arn) == policy(arn)


def test_strangers_find_nothing_even_when_the_policy_names_them(world: World, refused: Refused) -> None:
    """A policy is for its authority's owner to see and to change."""
    arn = world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    refused(ErrorCode.NOT_FOUND, world.ca.policies.get, STRANGER, arn)
    refused(ErrorCode.NOT_FOUND, world.ca.policies.put, STRANGER, arn, policy(arn))
    refused(ErrorCode.NOT_FOUND, world.ca.policies.delete, STRANGER, arn)
    refused(ErrorCode.INVALID_ARN, world.ca.policies.get, CALLER, arn.replace("acm-pca", "acm"))
    assert world.ca.policies.get(CALLER, arn) == policy(arn)


def test_the_journal_has_every_policy_that_was_ever_attached(world: World) -> None:
    arn = world.create(ROOT)
    world.ca.policies.put(CALLER, arn, policy(arn))
    world.ca.policies.delete(CALLER, arn)
    world.ca.policies.delete(CALLER, arn)  # there is none: nothing happens
    attached, detached = journals.entries(world.store)[-2:]
    assert (attached["action"], attached["detail"]) == ("acm-pca:PutPolicy", {"policy": policy(arn)})
    assert (detached["action"], detached["resource"]) == ("acm-pca:DeletePolicy", arn)
