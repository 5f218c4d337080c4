"""A key store without a key to give: the authority is there, FAILED, and can only be deleted."""

import pytest

from privyseal.ca.creation import Creation
from privyseal.ca.keys import OpenKeys
from privyseal.ca.model import ROOT, StoredKey
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import PrivateKey
from tests.ca.world import CALLER, ROOT_TEMPLATE, World, create_request


class NoKeys:
    """A key store whose token is gone."""

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        raise PrivySealError(ErrorCode.UNAVAILABLE, f"no token for {key_id} ({key_algorithm})")

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        raise PrivySealError(ErrorCode.UNAVAILABLE, f"no token for {key_id} ({stored.uri})")


@pytest.fixture
def failed(world: World) -> str:
    creation = Creation(
        world.store, world.rows.authorities, world.rows.tags, OpenKeys(NoKeys()), world.ca.scopes
    )
    return str(creation.create(create_request(ROOT, token="t")))


def test_it_is_described_as_failed_and_the_token_gives_it_again(world: World, failed: str) -> None:
    authority, status = world.ca.authorities.describe(CALLER, failed)
    assert (status, authority.failure_reason) == (Status.FAILED, "OTHER")
    assert world.create(token="t") == failed


def test_it_has_no_csr_and_issues_nothing(world: World, failed: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        world.csr_of(failed)
    assert caught.value.code is ErrorCode.INVALID_STATE
    with pytest.raises(PrivySealError) as caught:
        world.issue(failed, template_arn=ROOT_TEMPLATE)
    assert caught.value.code is ErrorCode.INVALID_STATE


def test_it_can_be_deleted_for_good(world: World, failed: str) -> None:
    world.ca.authorities.delete(CALLER, failed, None)
    with pytest.raises(PrivySealError) as caught:
        world.ca.authorities.describe(CALLER, failed)
    assert caught.value.code is ErrorCode.NOT_FOUND
