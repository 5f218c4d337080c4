"""CreatePermission, ListPermissions, DeletePermission over the wire."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.operations.conftest import Refused

ACM = "acm.amazonaws.com"
ALL = ["IssueCertificate", "GetCertificate", "ListPermissions"]


def test_a_permission_is_given_shown_and_taken(pca: Any, pending: str) -> None:
    account = pending.split(":")[4]
    made = pca.create_permission(CertificateAuthorityArn=pending, Principal=ACM, Actions=ALL)
    assert set(made) == {"ResponseMetadata"}
    (shown,) = pca.list_permissions(CertificateAuthorityArn=pending)["Permissions"]
    assert abs(shown.pop("CreatedAt") - datetime.now(UTC)) < timedelta(minutes=1)
    policy = json.loads(shown.pop("Policy"))
    assert policy["Statement"][0]["Principal"] == {"Service": ACM}
    assert shown == {
        "CertificateAuthorityArn": pending,
        "Principal": ACM,
        "SourceAccount": account,
        "Actions": ALL,
    }
    pca.delete_permission(CertificateAuthorityArn=pending, Principal=ACM, SourceAccount=account)
    assert pca.list_permissions(CertificateAuthorityArn=pending)["Permissions"] == []


def test_the_paginator_ends(pca: Any, pending: str) -> None:
    pca.create_permission(CertificateAuthorityArn=pending, Principal=ACM, Actions=ALL[:1])
    pages = list(pca.get_paginator("list_permissions").paginate(CertificateAuthorityArn=pending))
    assert [len(page["Permissions"]) for page in pages] == [1]
    assert "NextToken" not in pca.list_permissions(CertificateAuthorityArn=pending, MaxResults=1)


def test_a_second_one_is_permission_already_exists(pca: Any, pending: str, refused: Refused) -> None:
    given = {"CertificateAuthorityArn": pending, "Principal": ACM}
    pca.create_permission(**given, Actions=ALL[:1])
    refused("PermissionAlreadyExistsException", "create_permission", **given, Actions=ALL)
    with pytest.raises(pca.exceptions.PermissionAlreadyExistsException):
        pca.create_permission(**given, Actions=ALL)


def test_deleting_what_is_not_there_is_resource_not_found(pending: str, refused: Refused) -> None:
    refused("ResourceNotFoundException", "delete_permission", CertificateAuthorityArn=pending, Principal=ACM)


def test_another_principal_or_account_is_a_validation_error(pending: str, refused: Refused) -> None:
    given: dict[str, Any] = {"CertificateAuthorityArn": pending, "Actions": ALL}
    said = refused("ValidationException", "create_permission", **given, Principal="ec2.amazonaws.com")
    assert ACM in said
    other = {"Principal": ACM, "SourceAccount": "999999999999"}
    refused("ValidationException", "create_permission", **given, **other)
    refused("ValidationException", "delete_permission", CertificateAuthorityArn=pending, **other)


def test_an_authority_that_is_not_there_is_resource_not_found(absent: str, refused: Refused) -> None:
    given = {"CertificateAuthorityArn": absent}
    refused("ResourceNotFoundException", "create_permission", **given, Principal=ACM, Actions=ALL)
    refused("ResourceNotFoundException", "delete_permission", **given, Principal=ACM)
    refused("ResourceNotFoundException", "list_permissions", **given)


def test_what_is_no_authority_is_an_invalid_arn(pending: str, refused: Refused) -> None:
    given = {"CertificateAuthorityArn": pending.replace("certificate-authority", "template")}
    refused("InvalidArnException", "create_permission", **given, Principal=ACM, Actions=ALL)
    refused("InvalidArnException", "delete_permission", **given, Principal=ACM)
    refused("InvalidArnException", "list_permissions", **given)


def test_a_deleted_authority_is_in_an_invalid_state(pca: Any, pending: str, refused: Refused) -> None:
    """Terraform reads from these words that the permission is gone."""
    pca.delete_certificate_authority(CertificateAuthorityArn=pending, PermanentDeletionTimeInDays=7)
    given = {"CertificateAuthorityArn": pending}
    said = refused("InvalidStateException", "list_permissions", **given)
    assert "The certificate authority is in the DELETED state" in said
    refused("InvalidStateException", "create_permission", **given, Principal=ACM, Actions=ALL)
    refused("InvalidStateException", "delete_permission", **given, Principal=ACM)


@pytest.mark.parametrize("token", ["x", "W10", "WyJhIl0", "//"])
def test_a_made_up_page_token_is_an_invalid_next_token(pending: str, refused: Refused, token: str) -> None:
    given = {"CertificateAuthorityArn": pending, "NextToken": token}
    refused("InvalidNextTokenException", "list_permissions", **given)
