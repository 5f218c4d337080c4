"""RevocationConfiguration as AWS takes it, and where CRLs are to be found by it."""

from typing import Any

import pytest

from privyseal.ca.revocation.settings import DISABLED, PERMISSION_TEST, RESERVED, checked
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.api.front import PREFIX
from privyseal.frontends.aws.addressing import RPC_PREFIX
from privyseal.frontends.provisioning.provision import PATH
from tests.ca.world import CALLER, World
from tests.crl.conftest import CRL, Scene, enabled

OFF = {"Enabled": False}


def refusal(revocation: dict[str, Any]) -> str:
    with pytest.raises(PrivySealError) as refused:
        checked(revocation)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
    return refused.value.message


def described(world: World, arn: str) -> Any:
    return world.ca.authorities.describe(CALLER, arn)[0].revocation


def test_describe_gives_back_what_was_set_and_both_members(scene: Scene) -> None:
    """Terraform compares them."""
    crl = CRL | {"CustomCname": "crl.example.com", "CustomPath": "a/b", "CrlType": "PARTITIONED"}
    arn = scene.world.root(revocation={"CrlConfiguration": crl})
    assert described(scene.world, arn) == {"CrlConfiguration": crl, "OcspConfiguration": OFF}
    assert described(scene.world, scene.world.root()) == DISABLED


def test_a_member_that_is_left_out_of_an_update_stays_as_it_was(scene: Scene) -> None:
    """Nobody switches OCSP off by not speaking of it."""
    arn = scene.world.root(revocation=enabled())
    scene.world.ca.authorities.update(CALLER, arn, None, {"OcspConfiguration": {"Enabled": True}})
    assert described(scene.world, arn) == {"CrlConfiguration": CRL, "OcspConfiguration": {"Enabled": True}}
    scene.world.ca.authorities.update(CALLER, arn, None, {"CrlConfiguration": OFF})
    assert described(scene.world, arn)["CrlConfiguration"] == OFF


@pytest.mark.parametrize(
    "member",
    [
        {"CrlConfiguration": OFF | {"ExpirationInDays": 7}},
        {"OcspConfiguration": OFF | {"OcspCustomCname": "x"}},
    ],
)
def test_what_is_switched_off_has_no_other_members(member: dict[str, Any]) -> None:
    """User guide: "must contain only the Enabled=False parameter"."""
    assert "Enabled=false" in refusal(member)


def test_crls_need_to_know_how_long_they_are_good() -> None:
    """ExpirationInDays."""
    assert "ExpirationInDays" in refusal({"CrlConfiguration": {"Enabled": True}})


@pytest.mark.parametrize(
    "cname",
    [
        "http://crl.example.com",
        "https://crl.example.com",
        "//crl.example.com",
        "crl.example.com?x",
        "crl.example.com/%2e%2e",
        "crl.example.com/../x",
        "user@crl.example.com",
        "crl example",
        "-crl.example.com",
        "crl..example.com",
        "crl.example.com:",
        "crl_1.example.com",
        "crl.example.com/",
        "a" * 64 + ".example.com",
        "crl.example.com:65536",
        "crl.example.com:99999/x",
        "crl.example.com:0",
    ],
)
def test_a_cname_is_a_host_name_without_protocol_and_special_characters(cname: str) -> None:
    """For CRLs and for OCSP: it goes into every certificate."""
    assert "CustomCname" in refusal(enabled(CustomCname=cname))
    assert "OcspCustomCname" in refusal({"OcspConfiguration": {"Enabled": True, "OcspCustomCname": cname}})


@pytest.mark.parametrize(
    "cname", ["crl.example.com", "crl", "10.0.0.1:8080", "crl.example.com:65535/pki/a.b"]
)
def test_a_cname_may_have_a_port_and_for_crls_a_path(cname: str) -> None:
    """OCSP by GET appends to what the certificate says, and would end at a place where nothing answers."""
    assert checked(enabled(CustomCname=cname))["CrlConfiguration"]["CustomCname"] == cname
    ocsp = {"OcspConfiguration": {"Enabled": True, "OcspCustomCname": cname}}
    if "/" in cname:
        assert "no path" in refusal(ocsp)
    else:
        assert checked(ocsp)["OcspConfiguration"]["OcspCustomCname"] == cname


@pytest.mark.parametrize(
    "path", ["/a", "a/", "a//b", "..", "a/../b", ".", "a b", "a?b", "a%2fb", "a#b", "ü", "a\n"]
)
def test_a_custom_path_is_safe_in_urls_and_keys(path: str) -> None:
    assert "CustomPath" in refusal(enabled(CustomPath=path))


@pytest.mark.parametrize("first", sorted(RESERVED))
def test_a_custom_path_begins_with_none_of_our_own(first: str) -> None:
    """There, certificates would name a CRL that nobody can fetch."""
    for path in (first, f"{first}/x"):
        assert first in refusal(enabled(CustomPath=path))
    for path in (f"{first}x", f"x/{first}"):
        assert checked(enabled(CustomPath=path))["CrlConfiguration"]["CustomPath"] == path


def test_the_paths_of_the_service_are_all_reserved() -> None:
    for path in (
        "/ocsp",
        PREFIX.decode(),
        RPC_PREFIX.decode(),
        PATH.decode(),
        "/healthz",
        "/readyz",
        "/metrics",
    ):
        assert path.strip("/").partition("/")[0] in RESERVED


def test_who_leaves_out_the_extension_has_no_use_for_a_cname() -> None:
    """API reference: "cannot be enabled with a custom CNAME set"."""
    omitted = {"CrlDistributionPointExtensionConfiguration": {"OmitExtension": True}}
    assert "OmitExtension" in refusal(enabled(CustomCname="crl.example.com", **omitted))
    assert checked(enabled(**omitted))


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "http://pki.example/crl/{0}.crl"),
        ({"CustomPath": "pki/lists"}, "http://pki.example/pki/lists/{0}.crl"),
        ({"CustomPath": "/"}, "http://pki.example/{0}.crl"),
        ({"CustomCname": "crl.example.com"}, "http://crl.example.com/crl/{0}.crl"),
        ({"CustomCname": "crl.example.com", "CustomPath": "x"}, "http://crl.example.com/x/{0}.crl"),
        ({"S3BucketName": "lists"}, "http://pki.example/crl/{0}.crl"),
    ],
)
def test_certificates_name_the_place_that_the_settings_make(
    scene: Scene, settings: dict[str, Any], key: str
) -> None:
    """And nothing of Amazon's where we do not write there."""
    arn = scene.world.root(revocation=enabled(**settings))
    der = scene.world.issue(arn).der
    assert key.format(arn.rpartition("/")[2]).encode() in der
    assert b"amazonaws" not in der


def test_with_s3_certificates_name_the_bucket(scene: Scene) -> None:
    """Unless a CNAME hides it."""
    urls = StatusUrls("http://pki.example", lambda bucket, key: f"http://{bucket}.s3.example/{key}")
    for settings, host in (({}, "lists.s3.example"), ({"CustomCname": "crl.example.com"}, "crl.example.com")):
        arn = scene.world.root(revocation=enabled(S3BucketName="lists", **settings))
        (point,) = urls.extensions(scene.world.row(arn), "")
        assert f"http://{host}/crl/".encode() in point.value


def test_a_bucket_is_tried_before_anything_is_made(scene: Scene) -> None:
    """With the object that AWS writes; where it may not be written nothing is created and nothing changed."""
    world = scene.world
    arn = world.root(revocation=enabled(S3BucketName="lists"))
    assert ("lists", PERMISSION_TEST) in world.publisher.objects
    before = world.store.commits
    for code, attribute, expected in (
        (ErrorCode.VALIDATION, "refusal", ErrorCode.VALIDATION),
        (ErrorCode.VALIDATION, "failure", ErrorCode.INVALID_POLICY),
        (ErrorCode.UNAVAILABLE, "failure", ErrorCode.UNAVAILABLE),
    ):
        setattr(world.publisher, attribute, PrivySealError(code, "no"))
        for call in (
            lambda: world.create(revocation=enabled(S3BucketName="other")),
            lambda: world.ca.authorities.update(CALLER, arn, None, enabled(S3BucketName="other")),
        ):
            with pytest.raises(PrivySealError) as refused:
                call()
            assert refused.value.code is expected
        setattr(world.publisher, attribute, None)
    assert world.store.commits == before


def test_crls_need_an_address_where_only_tls_is_served(scene: Scene) -> None:
    """Refused with what to do about it; a CNAME is an address."""
    scene.world.ca.scopes._urls = StatusUrls(None)
    with pytest.raises(PrivySealError, match="revocation-port"):
        scene.world.root(revocation=enabled())
    assert scene.world.root(revocation=enabled(CustomCname="crl.example.com"))
