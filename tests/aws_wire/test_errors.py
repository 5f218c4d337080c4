"""Every error of ours has a name on the AWS wire, and clients know it."""

import pytest
from botocore.exceptions import ClientError

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import errors, shapes_acm_pca
from tests.aws_wire.fake import CA_ARN, Deployment


@pytest.mark.parametrize("table", [errors.WIRE, errors.QUERY])
def test_the_tables_are_total(table: dict[ErrorCode, tuple[str, int]]) -> None:
    """A new code cannot be forgotten; every status is one of an error."""
    assert set(table) == set(ErrorCode)
    assert all(400 <= status <= 599 for _, status in table.values())


def test_server_errors_are_only_those_of_the_server() -> None:
    """What the caller did wrong is never a 500."""
    assert {code for code, (_, status) in errors.WIRE.items() if status >= 500} == {
        ErrorCode.INTERNAL,
        ErrorCode.UNAVAILABLE,
    }


def test_every_name_is_modelled_or_common() -> None:
    """The names come from the service model or from the common errors: none is of our own making, but
    the one for services that are not served here.
    """
    modelled = {name for shape in shapes_acm_pca.OPERATIONS.values() for name in shape.errors}
    names = {name for name, _ in errors.WIRE.values()}
    assert names <= modelled | errors.COMMON


@pytest.mark.parametrize("cbor", [False, True])
@pytest.mark.parametrize("code", list(ErrorCode))
def test_clients_read_every_error(fake: Deployment, code: ErrorCode, cbor: bool) -> None:
    """With its name, its message and the request's id, in both protocols."""

    def fail(_: object) -> None:
        raise PrivySealError(code, 'What was wrong: "ü" <here>')

    fake.answers["DescribeCertificateAuthority"] = fail
    with pytest.raises(ClientError) as raised:
        fake.client("acm-pca", cbor=cbor).describe_certificate_authority(CertificateAuthorityArn=CA_ARN)
    response = raised.value.response
    name, status = errors.WIRE[code]
    assert response["Error"]["Code"] == name
    assert response["Error"]["Message"] == 'What was wrong: "ü" <here>'
    metadata = response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status
    assert metadata["HTTPHeaders"]["x-amzn-requestid"] == fake.calls[-1][0].request_id
    assert fake.meter.counted[-1][1]["outcome"] == code.value


@pytest.mark.parametrize("cbor", [False, True])
def test_modelled_errors_are_classes_of_the_client(fake: Deployment, cbor: bool) -> None:
    """`except client.exceptions.ResourceNotFoundException` works."""

    def fail(_: object) -> None:
        raise PrivySealError(ErrorCode.NOT_FOUND, "no such authority")

    fake.answers["DescribeCertificateAuthority"] = fail
    client = fake.client("acm-pca", cbor=cbor)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_certificate_authority(CertificateAuthorityArn=CA_ARN)


@pytest.mark.parametrize("cbor", [False, True])
def test_a_defect_is_silent_on_the_wire(
    fake: Deployment, cbor: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """InternalFailure with a request id; what happened is in the log under that id alone."""

    def fail(_: object) -> None:
        message = "a secret detail"
        raise RuntimeError(message)

    fake.answers["DescribeCertificateAuthority"] = fail
    with pytest.raises(ClientError) as raised:
        fake.client("acm-pca", cbor=cbor).describe_certificate_authority(CertificateAuthorityArn=CA_ARN)
    response = raised.value.response
    assert response["Error"]["Code"] == "InternalFailure"
    assert "detail" not in str(response)
    request_id = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    assert request_id in response["Error"]["Message"]
    [record] = [each for each in caplog.records if each.message == "request_failed"]
    assert record.__dict__["fields"]["request_id"] == request_id
    assert record.exc_info is not None
    assert "a secret detail" in str(record.exc_info[1])


def test_query_errors_say_whose_fault_it_was() -> None:
    """Sts has names of its own for what is wrong with credentials."""
    assert errors.QUERY[ErrorCode.BAD_SIGNATURE] == ("SignatureDoesNotMatch", 403)
    assert errors.QUERY[ErrorCode.UNKNOWN_CREDENTIALS] == ("InvalidClientTokenId", 403)
