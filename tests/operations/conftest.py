"""boto3 on the running service, in each protocol, and the ways in which a call is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e import boto
from tests.service import Service

# Calls something that must be refused with that exception of the service model; its message.
Refused = Callable[..., str]


@pytest.fixture(params=sorted(boto.PROTOCOLS))
def pca(request: pytest.FixtureRequest, service: Service) -> Iterator[Any]:
    with boto.client(service, protocol=request.param) as made:
        yield made


@pytest.fixture(name="refused")
def refused_fixture(pca: Any) -> Refused:
    def call(exception: str, operation: str, **parameters: Any) -> str:
        with pytest.raises(ClientError) as raised:
            getattr(pca, operation)(**parameters)
        error = raised.value.response["Error"]
        assert error["Code"] == exception, error
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return str(error["Message"])

    return call


@pytest.fixture
def pending(pca: Any) -> str:
    """An authority without a certificate."""
    return boto.create(pca, name="Pending")


@pytest.fixture
def active(pca: Any) -> str:
    """A root that issues."""
    arn = boto.create(pca, name="Active Root")
    boto.activate(pca, arn)
    return arn


@pytest.fixture
def absent(pending: str) -> str:
    """The ARN of an authority that there is not."""
    return pending[:-36] + "00000000-0000-4000-8000-000000000000"
