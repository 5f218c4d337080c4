"""Copies of CRLs in buckets, by every publisher, as other software finds them there."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

import pytest
from cryptography import x509

from privyseal.ca.keys import OpenKeys
from privyseal.ca.ports import Publisher
from privyseal.ca.revocation import timing
from privyseal.ca.revocation.crls import CrlMaker
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.publishers.directory import DirectoryPublisher
from privyseal.publishers.s3 import S3Publisher
from tests.crl.conftest import Scene, enabled, id_of
from tests.publishers.fake_s3 import fake_s3
from tests.publishers.memory import MemoryPublisher


def publish_with(scene: Scene, publisher: Publisher, **settings: str) -> str:
    """The name of the CRL of an authority that has revoked one certificate."""
    arn = scene.world.root(revocation=enabled(S3BucketName="reports", **settings))
    scene.revoke(arn, scene.issue(arn, "bad"))
    world = scene.world
    urls = StatusUrls("http://pki.example", publisher.url)
    CrlMaker(world.store, world.rows, OpenKeys(world.keys), publisher, urls=urls, deltas=True).make_due(
        Event()
    )
    return id_of(arn)


def test_s3_has_the_crl_and_its_delta_with_type_and_acl(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public, unless the authority says otherwise; and the delta is named where it was put."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with fake_s3() as s3:
        publisher = S3Publisher(endpoint_url=s3.url, region="eu-central-1")
        name = publish_with(scene, publisher)
        key = f"crl/{name}.crl"
        assert s3.objects["reports", key] == (scene.der(name), "application/pkix-crl")
        assert s3.acls["reports", key] == "public-read"
        delta = f"crl/{name}.delta.crl"
        assert s3.objects["reports", delta][0] == scene.der(name, delta=True)
        (point,) = scene.crl(name).extensions.get_extension_for_class(x509.FreshestCRL).value
        assert point.full_name == [x509.UniformResourceIdentifier(f"{s3.url}/reports/{delta}")]
        private = publish_with(scene, publisher, S3ObjectAcl="BUCKET_OWNER_FULL_CONTROL")
        assert s3.acls["reports", f"crl/{private}.crl"] == "bucket-owner-full-control"


def test_a_directory_has_it_by_the_same_key(scene: Scene, tmp_path: Path) -> None:
    """FOLDER/BUCKET/KEY."""
    name = publish_with(scene, DirectoryPublisher(tmp_path), CustomPath="pki/lists")
    assert (tmp_path / "reports" / "pki" / "lists" / f"{name}.crl").read_bytes() == scene.der(name)


class Slow(MemoryPublisher):
    """Somebody else makes the CRL while this one begins to copy it."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def put(
        self, bucket: str, key: str, content: Iterable[bytes], content_type: str, *, acl: str | None = None
    ) -> None:
        self._meanwhile()
        super().put(bucket, key, content, content_type, acl=acl)


def test_an_old_copy_does_not_arrive_after_a_newer_one(scenes: Callable[..., Scene]) -> None:
    """Who has lost the CRL to another process while copying stops, and writes nothing."""
    first = scenes(file="one.db")
    world = first.world
    second = scenes(file="one.db", clock=world.clock)
    arn = world.root(revocation=enabled(S3BucketName="reports"))
    first.revoke(arn, first.issue(arn, "bad"))
    place = "reports", f"crl/{id_of(arn)}.crl"

    def overtake() -> None:
        world.clock.advance(timing.LEASE)
        second.make()
        assert place in second.world.publisher.objects

    slow = Slow(overtake)
    CrlMaker(world.store, world.rows, OpenKeys(world.keys), slow, urls=world.urls, deltas=False).make_due(
        Event()
    )
    assert place not in slow.objects
    assert second.world.publisher.objects[place][0] == first.der(id_of(arn))
