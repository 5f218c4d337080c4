"""CRLs are restarted by the API, through the client library."""

import pytest

from privyseal.client import ApiError
from privyseal.stores.repositories.ca import REPOSITORIES
from tests.api.conftest import Service

PATH = "/crl-restarts"


def test_an_authority_without_crls_is_refused(service: Service) -> None:
    authority = service.product.hierarchy()
    with pytest.raises(ApiError) as caught:
        service.client().rest("POST", PATH, {"authority_arn": authority})
    assert caught.value.status in {400, 409}
    assert "makes no CRLs" in str(caught.value)


def test_crls_are_restarted(service: Service) -> None:
    """The answer says how many."""
    authority = service.product.hierarchy()
    service.product.store.transact(lambda tx: REPOSITORIES.crls.require(tx, authority.rpartition("/")[2], ""))
    assert service.client().rest("POST", PATH, {"authority_arn": authority}) == {"crls": 1}
