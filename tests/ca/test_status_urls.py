"""Where certificates say that one can ask whether they are revoked: CDP and AIA, from the settings."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from privyseal.ca.model import SUBORDINATE
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.errors import ErrorCode
from tests.ca.world import CALLER, ISSUING_TEMPLATE, TEMPLATE, Refused, World, create_request, csr

CRL: dict[str, Any] = {"Enabled": True, "ExpirationInDays": 7}
OCSP: dict[str, Any] = {"Enabled": True}


def configured(world: World, **members: dict[str, Any]) -> str:
    arn = world.root()
    names = {"crl": "CrlConfiguration", "ocsp": "OcspConfiguration"}
    world.ca.authorities.update(CALLER, arn, None, {names[name]: value for name, value in members.items()})
    return arn


def issued(world: World, arn: str, **changes: Any) -> x509.Certificate:
    return x509.load_der_x509_certificate(world.issue(arn, csr(), **changes).der)


def crl_url(certificate: x509.Certificate) -> str | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return None
    assert not found.critical
    ((point,),) = (found.value,)
    assert point.reasons is None
    assert point.crl_issuer is None
    assert point.full_name is not None
    (name,) = point.full_name
    assert isinstance(name, x509.UniformResourceIdentifier)
    return name.value


def ocsp_url(certificate: x509.Certificate) -> str | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return None
    assert not found.critical
    (access,) = found.value
    assert access.access_method == AuthorityInformationAccessOID.OCSP
    assert isinstance(access.access_location, x509.UniformResourceIdentifier)
    return access.access_location.value


def test_a_certificate_names_neither_where_both_are_off(world: World) -> None:
    certificate = issued(world, world.root())
    assert (crl_url(certificate), ocsp_url(certificate)) == (None, None)


CDPS: dict[str, tuple[dict[str, Any], str | None]] = {
    "our own": ({}, "http://pki.example/crl/{id}.crl"),
    "a custom name": ({"CustomCname": "crl.example"}, "http://crl.example/crl/{id}.crl"),
    "a custom path": ({"CustomPath": "a/b"}, "http://pki.example/a/b/{id}.crl"),
    "both": ({"CustomCname": "crl.example", "CustomPath": "a"}, "http://crl.example/a/{id}.crl"),
    "a bucket that is not on the web": ({"S3BucketName": "the-bucket"}, "http://pki.example/crl/{id}.crl"),
    "left out": ({"CrlDistributionPointExtensionConfiguration": {"OmitExtension": True}}, None),
}


@pytest.mark.parametrize("case", CDPS)
def test_the_distribution_point_is_what_the_settings_make_of_it(world: World, case: str) -> None:
    members, expected = CDPS[case]
    arn = configured(world, crl=CRL | members)
    told = expected and expected.format(id=arn[-36:])
    assert crl_url(issued(world, arn)) == told


@pytest.mark.parametrize(
    ("members", "expected"),
    [({}, "http://pki.example/ocsp"), ({"OcspCustomCname": "ocsp.example"}, "http://ocsp.example")],
)
def test_the_responder_is_named_in_the_authority_information_access(
    world: World, members: dict[str, Any], expected: str
) -> None:
    assert ocsp_url(issued(world, configured(world, ocsp=OCSP | members))) == expected


def test_the_certificate_of_an_authority_below_names_both_and_a_root_names_nothing(world: World) -> None:
    settings = {"CrlConfiguration": CRL, "OcspConfiguration": OCSP}
    root = world.root(revocation=settings)
    own = x509.load_der_x509_certificate(world.row(root).certificate or b"")
    assert (crl_url(own), ocsp_url(own)) == (None, None)
    below = world.ca.creation.create(create_request(SUBORDINATE))
    asked = world.ca.authorities.csr(CALLER, str(below)).encode()
    certificate = x509.load_der_x509_certificate(world.issue(root, asked, template_arn=ISSUING_TEMPLATE).der)
    assert crl_url(certificate) == f"http://pki.example/crl/{root[-36:]}.crl"
    assert ocsp_url(certificate) == "http://pki.example/ocsp"


def test_nobody_else_names_a_responder_while_ocsp_is_on(world: World) -> None:
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://other.example")
            )
        ]
    )
    custom = {"ObjectIdentifier": "1.3.6.1.5.5.7.1.1", "Value": _base64(access.public_bytes())}
    asked = {
        "template_arn": f"{TEMPLATE}EndEntityCertificate_APIPassthrough/V1",
        "api_passthrough": {"Extensions": {"CustomExtensions": [custom]}},
    }
    assert ocsp_url(issued(world, configured(world, ocsp=OCSP), **asked)) == "http://pki.example/ocsp"
    assert ocsp_url(issued(world, world.root(), **asked)) == "http://other.example"


def test_certificates_name_the_open_partition_and_a_full_one_is_followed_by_the_next(world: World) -> None:
    world.ca.scopes._partition_size = 3
    arn = configured(world, crl=CRL | {"CrlType": "PARTITIONED"})
    named = [crl_url(issued(world, arn)) for _ in range(7)]
    assert [named.count(url) for url in dict.fromkeys(named)] == [3, 3, 1]
    assert not any(arn[-36:] in (url or "") for url in named)
    page, _ = world.ca.reader.page(CALLER, arn, None, 100)
    stored = [f"http://pki.example/crl/{each.crl_partition}.crl" for each in page if each.crl_partition]
    assert sorted(stored) == sorted(map(str, named))


def test_without_an_address_for_plain_http_neither_can_be_switched_on(world: World, refused: Refused) -> None:
    arn = world.root()
    world.ca.scopes._urls = StatusUrls(None)
    for settings in ({"CrlConfiguration": CRL}, {"OcspConfiguration": OCSP}):
        told = refused(ErrorCode.INVALID_ARGUMENT, world.ca.authorities.update, CALLER, arn, None, settings)
        assert "revocation-port" in told
        told = refused(
            ErrorCode.INVALID_ARGUMENT, world.ca.creation.create, create_request(revocation=settings)
        )
        assert "revocation-port" in told
    named = {"CrlConfiguration": CRL | {"CustomCname": "crl.example"}}
    world.ca.authorities.update(CALLER, arn, None, named)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
