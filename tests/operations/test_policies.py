"""PutPolicy, GetPolicy, DeletePolicy over the wire."""

import json
from typing import Any

from tests.operations.conftest import Refused
from tests.operations.grants import policy_for

OTHER = "555555555555"


def test_a_policy_is_attached_shown_and_detached(pca: Any, pending: str, refused: Refused) -> None:
    policy = policy_for(pending, OTHER)
    assert set(pca.put_policy(ResourceArn=pending, Policy=policy)) == {"ResponseMetadata"}
    assert pca.get_policy(ResourceArn=pending)["Policy"] == policy
    newer = policy_for(pending, "666666666666")
    pca.put_policy(ResourceArn=pending, Policy=newer)
    assert pca.get_policy(ResourceArn=pending)["Policy"] == newer
    pca.delete_policy(ResourceArn=pending)
    refused("ResourceNotFoundException", "get_policy", ResourceArn=pending)
    pca.delete_policy(ResourceArn=pending)  # succeeds without one, as AWS documents


def test_another_shape_is_an_invalid_policy(pca: Any, pending: str, active: str, refused: Refused) -> None:
    policy = policy_for(pending, OTHER)
    pca.put_policy(ResourceArn=pending, Policy=policy)
    for wrong, why in (
        ("{}", "Version"),
        ("[", "not JSON"),
        (policy_for(pending, OTHER, Effect="Deny"), 'statement 1 must have the Effect "Allow"'),
        (policy_for(active, OTHER), f"statement 1 must have the Resource {pending}"),
        (policy_for(pending, "*"), "allows everybody"),
        (json.dumps({"Version": "2012-10-17", "Statement": json.loads(policy)["Statement"][:1]}), "Issue"),
    ):
        assert why in refused("InvalidPolicyException", "put_policy", ResourceArn=pending, Policy=wrong)
    assert pca.get_policy(ResourceArn=pending)["Policy"] == policy


def test_an_authority_that_is_not_there_is_resource_not_found(absent: str, refused: Refused) -> None:
    given = {"ResourceArn": absent}
    refused("ResourceNotFoundException", "put_policy", **given, Policy=policy_for(absent, OTHER))
    refused("ResourceNotFoundException", "get_policy", **given)
    refused("ResourceNotFoundException", "delete_policy", **given)


def test_what_is_no_authority_is_an_invalid_arn(pending: str, refused: Refused) -> None:
    given = {"ResourceArn": f"{pending}/certificate/1"}
    refused("InvalidArnException", "put_policy", **given, Policy=policy_for(pending, OTHER))
    refused("InvalidArnException", "get_policy", **given)
    refused("InvalidArnException", "delete_policy", **given)


def test_a_deleted_authority_is_in_an_invalid_state(pca: Any, pending: str, refused: Refused) -> None:
    pca.delete_certificate_authority(CertificateAuthorityArn=pending, PermanentDeletionTimeInDays=7)
    given = {"ResourceArn": pending}
    refused("InvalidStateException", "put_policy", **given, Policy=policy_for(pending, OTHER))
    refused("InvalidStateException", "get_policy", **given)
    refused("InvalidStateException", "delete_policy", **given)
