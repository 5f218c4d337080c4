"""CRLs are made when they are due, list what is revoked, and never go back."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest
from cryptography import x509

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sql import sql
from tests.ca.world import CALLER
from tests.crl.conftest import Scene, enabled, id_of

SECOND = timedelta(seconds=1)


def test_an_authority_has_its_crl_before_it_has_revoked_anything(scene: Scene) -> None:
    """Its certificates point to one from the first on: it is there, empty, signed, and for seven days."""
    arn = scene.world.root(revocation=enabled())
    scene.make()
    found = scene.crl(id_of(arn))
    certificate = x509.load_der_x509_certificate(scene.world.row(arn).certificate or b"")
    assert found.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]
    assert len(found) == 0
    assert found.issuer == certificate.subject
    assert found.next_update_utc == found.last_update_utc + timedelta(days=7)
    assert found.last_update_utc == scene.world.clock.now().replace(microsecond=0)


def test_what_is_revoked_is_in_the_next_crl_with_time_and_reason(scene: Scene) -> None:
    """And what is not revoked is not."""
    arn = scene.world.root(revocation=enabled())
    good, bad = scene.issue(arn, "good"), scene.issue(arn, "bad")
    scene.make()
    scene.world.clock.advance(timedelta(minutes=1))
    scene.revoke(arn, bad, "KEY_COMPROMISE")
    revoked_at = scene.world.clock.now()
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    found = scene.crl(id_of(arn))
    assert found.get_revoked_certificate_by_serial_number(good.serial_number) is None
    entry = found.get_revoked_certificate_by_serial_number(bad.serial_number)
    assert entry is not None
    assert entry.revocation_date_utc == revoked_at.replace(microsecond=0)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason)
    assert reason.value.reason is x509.ReasonFlags.key_compromise


def test_revocations_are_seen_within_a_minute_and_gathered_within_half_of_one(scene: Scene) -> None:
    """The first one makes a CRL a second later; those right after it share the next, 30 seconds on."""
    arn = scene.world.root(revocation=enabled())
    certificates = [scene.issue(arn, f"device-{number}") for number in range(3)]
    scene.make()
    scene.world.clock.advance(timedelta(hours=1))
    numbers = []
    for certificate in certificates:
        scene.revoke(arn, certificate)
        scene.world.clock.advance(timing.GATHER)
        scene.make()
        numbers.append((scene.document(id_of(arn)).number, len(scene.serials(id_of(arn)))))
    assert numbers == [(numbers[0][0], 1)] * 3
    scene.world.clock.advance(timing.INTERVAL)
    scene.make()
    assert len(scene.serials(id_of(arn))) == 3


def test_a_crl_is_made_again_when_half_of_its_time_is_over(scene: Scene) -> None:
    """Not sooner, and its number grows."""
    arn = scene.world.root(revocation=enabled(ExpirationInDays=4))
    scene.make()
    first = scene.document(id_of(arn))
    scene.world.clock.advance(timedelta(days=2) - 2 * SECOND)
    scene.make()
    assert scene.document(id_of(arn)) == first
    scene.world.clock.advance(2 * SECOND)
    scene.make()
    second = scene.document(id_of(arn))
    assert second.number > first.number
    assert second.next_update == second.this_update + timedelta(days=4)


def test_an_expired_certificate_stays_for_one_more_crl(scene: Scene) -> None:
    """RFC 5280 §3.3; then it goes."""
    arn = scene.world.root(revocation=enabled(ExpirationInDays=4))
    bad = scene.issue(arn, "bad", validity=("DAYS", 1))
    scene.revoke(arn, bad)
    scene.make()
    assert scene.serials(id_of(arn)) == {bad.serial_number}
    for listed in (True, False):
        scene.world.clock.advance(timedelta(days=2))
        scene.make()
        assert (bad.serial_number in scene.serials(id_of(arn))) is listed


def test_every_partition_has_a_crl_of_its_own_that_names_itself(scene: Scene) -> None:
    """Its issuing distribution point is what its certificates name, and it lists no other's."""
    scene.world.ca.scopes._partition_size = 2
    arn = scene.world.root(revocation=enabled(CrlType="PARTITIONED"))
    certificates = []
    for number in range(4):
        scene.world.clock.advance(-SECOND)  # whatever the clock says, the newest partition is the open one
        certificates.append(scene.issue(arn, f"device-{number}"))
    points = [_point(each) for each in certificates]
    assert points[0] == points[1] != points[2] == points[3]
    for each in certificates[1:3]:
        scene.revoke(arn, each)
    scene.world.clock.advance(timedelta(minutes=1))
    scene.make()
    for url, serial in zip(points[1:3], certificates[1:3], strict=True):
        name = url.rpartition("/")[2].removesuffix(".crl")
        found = scene.crl(name)
        assert found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).critical
        assert _names(found) == [url]
        assert scene.serials(name) == {serial.serial_number}


def test_a_partition_is_found_by_its_old_and_its_new_url(scene: Scene) -> None:
    """Settings change; certificates do not."""
    arn = scene.world.root(revocation=enabled(CrlType="PARTITIONED"))
    before = scene.issue(arn, "before")
    scene.world.ca.authorities.update(
        CALLER,
        arn,
        None,
        enabled(CrlType="PARTITIONED", CustomCname="crl.example.com", CustomPath="pki/lists"),
    )
    after = scene.issue(arn, "after")
    scene.make()
    name = _point(before).rpartition("/")[2].removesuffix(".crl")
    assert _point(after) == f"http://crl.example.com/pki/lists/{name}.crl"
    assert _names(scene.crl(name)) == [_point(before), _point(after)]


def test_a_start_under_another_url_tells_it_in_the_partition_that_is_open(scene: Scene) -> None:
    """Or openssl would not take the CRL for that of the certificates issued from then on."""
    arn = scene.world.root(revocation=enabled(CrlType="PARTITIONED"))
    url = _point(scene.issue(arn, "device"))
    scene.make()
    scene.world.clock.advance(timing.INTERVAL)
    scene.world.urls = StatusUrls("http://moved.example")
    scene.__post_init__()
    scene.make()
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    moved = url.replace("pki.example", "moved.example")
    assert _names(scene.crl(url.rpartition("/")[2].removesuffix(".crl"))) == [url, moved]


def test_a_complete_crl_lives_on_when_the_authority_is_partitioned_later(scene: Scene) -> None:
    """Older certificates name it; it lists every partition's."""
    arn = scene.world.root(revocation=enabled())
    old = scene.issue(arn, "old")
    scene.make()
    scene.world.ca.authorities.update(CALLER, arn, None, enabled(CrlType="PARTITIONED"))
    new = scene.issue(arn, "new")
    scene.world.clock.advance(timedelta(minutes=1))
    for each in (old, new):
        scene.revoke(arn, each)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    assert scene.serials(id_of(arn)) == {old.serial_number, new.serial_number}
    name = _point(new).rpartition("/")[2].removesuffix(".crl")
    assert scene.serials(name) == {new.serial_number}


@pytest.mark.parametrize("status", ["DISABLED", "ACTIVE"])
def test_a_disabled_authority_still_makes_crls(scene: Scene, status: str) -> None:
    """AWS: "CRLs are generated" in both states."""
    arn = scene.world.root(revocation=enabled())
    bad = scene.issue(arn, "bad")
    scene.world.ca.authorities.update(CALLER, arn, status, None)
    scene.revoke(arn, bad)
    scene.world.clock.advance(timing.INTERVAL + timing.GATHER)
    scene.make()
    assert scene.serials(id_of(arn)) == {bad.serial_number}


def test_an_authority_that_is_deleted_or_has_expired_makes_none_and_makes_them_again_after(
    scene: Scene,
) -> None:
    """What was published last stays; a restored authority goes on where it was."""
    arn = scene.world.root(revocation=enabled())
    scene.make()
    first = scene.document(id_of(arn))
    scene.world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    scene.world.ca.authorities.delete(CALLER, arn, 30)
    scene.world.clock.advance(timedelta(days=5))
    scene.make()
    assert scene.document(id_of(arn)) == first
    scene.world.ca.authorities.restore(CALLER, arn)
    scene.make()
    second = scene.document(id_of(arn))
    assert second.number > first.number
    scene.world.clock.advance(timedelta(days=4000))
    assert scene.world.status(arn) is Status.EXPIRED
    scene.make()
    assert scene.document(id_of(arn)) == second


def test_switched_off_crls_are_not_made_and_switched_on_they_are(scene: Scene) -> None:
    """The number goes on from where it was."""
    arn = scene.world.root(revocation=enabled())
    scene.make()
    first = scene.document(id_of(arn))
    scene.world.ca.authorities.update(CALLER, arn, None, {"CrlConfiguration": {"Enabled": False}})
    scene.world.clock.advance(timedelta(days=5))
    scene.make()
    assert scene.document(id_of(arn)) == first
    scene.world.ca.authorities.update(CALLER, arn, None, enabled())
    scene.make()
    assert scene.document(id_of(arn)).number > first.number


def test_neither_number_nor_time_ever_goes_back_however_the_clock_jumps(scene: Scene) -> None:
    """A little back is taken as it was, far back publishes nothing, forward and back loses nobody."""
    arn = scene.world.root(revocation=enabled())
    kept = scene.issue(arn, "kept", validity=("DAYS", 300))
    scene.revoke(arn, kept)
    seen = []
    clock = scene.world.clock
    for jump in (0.0, -0.001, 0.001, -1.0, 1.0, 40.0, -40.0, 40.0, 2.0, 1.0):
        clock.advance(timedelta(days=jump))
        scene.world.ca.authorities.update(CALLER, arn, None, enabled())  # due now
        scene.make()
        document = scene.document(id_of(arn))
        seen.append((document.number, document.this_update))
        assert scene.serials(id_of(arn)) == {kept.serial_number}
    assert seen == sorted(seen)
    assert len({number for number, _ in seen}) < len(seen)  # some jumps published nothing
    assert any("clock" in each.get("reason", "") for each in scene.told())


def test_a_jump_ahead_and_back_before_a_crl_is_made_drops_nobody(scene: Scene) -> None:
    """Rows are never deleted; what a CRL leaves out is decided when it is made."""
    arn = scene.world.root(revocation=enabled(ExpirationInDays=300))
    bad = scene.issue(arn, "bad", validity=("DAYS", 30))
    scene.revoke(arn, bad)
    scene.make()
    scene.world.clock.advance(timedelta(days=1000))
    scene.make()
    scene.make()
    scene.world.clock.advance(timedelta(days=-1000))
    scene.make()
    rows = scene.world.store.view(
        lambda tx: scene.world.rows.crl_entries.page(tx, id_of(arn), "", (scene.world.clock.now(), ""), 10)
    )
    assert rows[0]


def test_one_of_many_processes_makes_a_crl(scenes: Callable[..., Scene]) -> None:
    """The others find it leased; when its lease has run out, the next one makes it."""
    first = scenes(file="one.db")
    second = scenes(file="one.db", clock=first.world.clock)
    arn = first.world.root(revocation=enabled())
    stopping = Event()

    def stop() -> None:
        second.make()
        assert second.world.ca.crl_reader.find(id_of(arn), delta=False).document is None
        stopping.set()

    first.world.keys.when_signing = stop
    first.make()
    assert stopping.is_set()
    assert first.document(id_of(arn)).number == second.document(id_of(arn)).number


def test_a_crl_that_was_begun_and_never_finished_is_made_by_the_next_process(
    scenes: Callable[..., Scene],
) -> None:
    """As after kill -9: nothing of it is served, and what it left is deleted."""
    first = scenes(file="one.db")
    arn = first.world.root(revocation=enabled())
    bad = first.issue(arn, "bad")
    first.revoke(arn, bad)

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    first.world.keys.when_signing = die
    with pytest.raises(Killed):
        first.make()
    second = scenes(file="one.db", clock=first.world.clock)
    second.make()
    assert second.world.ca.crl_reader.find(id_of(arn), delta=False).document is None
    second.world.clock.advance(timing.LEASE)
    second.make()
    assert second.serials(id_of(arn)) == {bad.serial_number}
    second.world.clock.advance(timing.LEASE + timing.KEEP)
    second.make()
    rows = second.world.store.view(lambda tx: sql(tx).rows("SELECT DISTINCT document_id FROM crl_chunk"))
    assert [row["document_id"] for row in rows] == [second.document(id_of(arn)).id]


def test_a_process_that_stops_leaves_the_crl_to_the_next_one(scenes: Callable[..., Scene]) -> None:
    """At once, and nothing unfinished is served."""
    first = scenes(file="one.db")
    second = scenes(file="one.db", clock=first.world.clock)
    arn = first.world.root(revocation=enabled())
    stopping = Event()
    act = stopping.set
    first.world.store.before_commit = lambda: setattr(first.world.store, "before_commit", act)
    first.maker.make_due(stopping)
    assert stopping.is_set()
    assert first.world.ca.crl_reader.find(id_of(arn), delta=False).document is None
    second.make()
    assert second.document(id_of(arn))


def test_a_key_that_is_away_fails_the_crl_which_is_tried_again(scene: Scene) -> None:
    """Later and later, and the journal says why."""
    arn = scene.world.root(revocation=enabled())
    scene.world.keys.lost.add(id_of(arn))
    scene.make()
    scene.make()
    assert [(each["result"], each["reason"]) for each in scene.told()] == [
        ("failure", "The key cannot be had now.")
    ]
    scene.world.keys.lost.clear()
    scene.world.clock.advance(timing.retry_after(1))
    scene.make()
    assert scene.document(id_of(arn)).number > 0
    assert scene.row(id_of(arn)).failures == 0


def test_retries_wait_longer_and_longer_up_to_a_quarter_of_an_hour() -> None:
    """AWS retries every 15 minutes."""
    waits = [timing.retry_after(failures) for failures in range(1, 40)]
    assert waits[0] == timedelta(seconds=10)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=15)


def test_a_copy_goes_to_the_bucket_after_it_is_served(scene: Scene) -> None:
    """By AWS's key, or below the custom path, as application/pkix-crl."""
    arn = scene.world.root(revocation=enabled(S3BucketName="lists", CustomPath="pki"))
    scene.make()
    name = id_of(arn)
    assert scene.world.publisher.objects["lists", f"pki/{name}.crl"] == (
        scene.der(name),
        "application/pkix-crl",
    )


def test_a_bucket_that_refuses_does_not_keep_the_crl_from_being_served(scene: Scene) -> None:
    """The journal has the failure with its reason, and it is tried again."""
    arn = scene.world.root(revocation=enabled(S3BucketName="lists"))
    scene.world.publisher.failure = PrivySealError(ErrorCode.VALIDATION, "No such rights.")
    scene.make()
    first = scene.document(id_of(arn))
    assert [(each.get("result"), each.get("reason")) for each in scene.told()] == [
        (None, None),
        ("failure", "No such rights."),
    ]
    scene.world.publisher.failure = None
    scene.world.clock.advance(timing.retry_after(1))
    scene.make()
    assert scene.document(id_of(arn)).number > first.number
    assert scene.world.publisher.objects["lists", f"crl/{id_of(arn)}.crl"][0] == scene.der(id_of(arn))


def test_a_replaced_crl_is_kept_for_downloads_and_then_deleted(scene: Scene) -> None:
    """Who has begun to read it gets all of it."""
    arn = scene.world.root(revocation=enabled())
    scene.revoke(arn, scene.issue(arn, "bad"))
    scene.make()
    first = scene.document(id_of(arn))
    scene.world.ca.authorities.update(CALLER, arn, None, enabled())
    scene.make()
    assert scene.document(id_of(arn)).id != first.id
    assert scene.world.ca.crl_reader.chunk(first.id, 0)
    scene.world.clock.advance(timing.KEEP)
    scene.make()
    assert scene.world.ca.crl_reader.chunk(first.id, 0) is None
    assert scene.der(id_of(arn))


def _names(crl: x509.CertificateRevocationList) -> list[str]:
    """Where a partition says that it is found."""
    point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    return [str(each.value) for each in point.value.full_name or ()]


def _point(certificate: x509.Certificate) -> str:
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name
    url = point.full_name[0].value
    assert isinstance(url, str)
    return url
