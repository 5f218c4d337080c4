"""Delta CRLs: what has changed since a complete one (RFC 5280 §5.2.4)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.revoking import mark_released, mark_revoked
from privyseal.clock import FixedClock
from privyseal.store import Tx
from tests.ca.world import CALLER
from tests.crl.conftest import Scene, enabled, id_of
from tests.crl.hierarchy import file, run, to_pem
from tests.programs import program
from tests.x509 import judges


def test_a_delta_lists_what_was_revoked_since_its_base(scenes: Callable[..., Scene]) -> None:
    """Same number as the complete one made with it, which names its place."""
    scene = scenes(deltas=True)
    arn = scene.world.root(revocation=enabled())
    name = id_of(arn)
    before, after = scene.issue(arn, "before"), scene.issue(arn, "after")
    scene.revoke(arn, before)
    scene.make()
    base = scene.document(name)
    scene.world.clock.advance(timedelta(hours=1))
    scene.revoke(arn, after)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    complete, delta = scene.crl(name), scene.crl(name, delta=True)
    assert scene.serials(name) == {before.serial_number, after.serial_number}
    assert after.serial_number in scene.serials(name, delta=True)
    numbers = [each.extensions.get_extension_for_class(x509.CRLNumber).value for each in (complete, delta)]
    assert numbers[0] == numbers[1]
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    assert indicator.value.crl_number == base.number
    (point,) = complete.extensions.get_extension_for_class(x509.FreshestCRL).value
    assert point.full_name == [x509.UniformResourceIdentifier(f"http://pki.example/crl/{name}.delta.crl")]
    assert not judges.pkilint_crl_findings(scene.der(name, delta=True))


def test_the_base_is_renewed_with_the_complete_crl(scenes: Callable[..., Scene]) -> None:
    """So that a delta stays small."""
    scene = scenes(deltas=True)
    arn = scene.world.root(revocation=enabled(ExpirationInDays=2))
    name = id_of(arn)
    scene.revoke(arn, scene.issue(arn, "bad"))
    scene.world.clock.advance(timedelta(seconds=1))
    scene.make()
    scene.world.clock.advance(timedelta(days=1))
    scene.make()
    delta = scene.crl(name, delta=True)
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.value.crl_number == scene.document(name).number
    assert len(delta) == 0
    assert len(scene.crl(name)) == 1


def test_openssl_takes_a_delta_with_the_complete_crl_before_it(
    scenes: Callable[..., Scene], tmp_path: Path
) -> None:
    """`-use_deltas`: what was revoked after the base is refused, by the delta alone."""
    scene = scenes(deltas=True, clock=FixedClock(datetime.now(UTC)))
    arn = scene.world.root(revocation=enabled())
    name = id_of(arn)
    good, bad = scene.issue(arn, "good"), scene.issue(arn, "bad")
    scene.make()
    base = scene.der(name)
    scene.world.clock.advance(timing.INTERVAL)
    scene.revoke(arn, bad)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    ca = x509.load_der_x509_certificate(scene.world.row(arn).certificate or b"")
    root = file(tmp_path, "root.pem", ca.public_bytes(Encoding.PEM).decode())
    both = file(tmp_path, "both.pem", to_pem(base, scene.der(name, delta=True)))
    alone = file(tmp_path, "base.pem", to_pem(base))
    at = str(int(scene.world.clock.now().timestamp()) + 1)
    for leaf, crls, status in ((good, both, 0), (bad, both, 2), (bad, alone, 0)):
        path = file(tmp_path, "leaf.pem", leaf.public_bytes(Encoding.PEM).decode())
        options = ["-extended_crl", "-use_deltas"] if crls == both else []
        command = [program("openssl"), "verify", "-attime", at, "-crl_check", *options, "-CAfile", root]
        done = run(*command, "-CRLfile", crls, path)
        assert done.returncode == status, done


def test_a_released_hold_is_taken_back_by_the_delta(scenes: Callable[..., Scene]) -> None:
    """removeFromCRL, and only there."""
    scene = scenes(deltas=True)
    arn = scene.world.root(revocation=enabled())
    name = id_of(arn)
    held = scene.issue(arn, "held")
    _mark(scene, arn, held.serial_number, mark_revoked, reason="CERTIFICATE_HOLD")
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    entry = scene.crl(name).get_revoked_certificate_by_serial_number(held.serial_number)
    assert entry
    assert _reason(entry) is x509.ReasonFlags.certificate_hold
    scene.world.clock.advance(timing.INTERVAL)
    _mark(scene, arn, held.serial_number, mark_released)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    assert scene.serials(name) == set()
    entry = scene.crl(name, delta=True).get_revoked_certificate_by_serial_number(held.serial_number)
    assert entry
    assert _reason(entry) is x509.ReasonFlags.remove_from_crl


def _mark(scene: Scene, arn: str, serial: int, mark: Callable[..., object], **how: str) -> None:
    rows = scene.world.rows

    def write(tx: Tx) -> None:
        key = id_of(arn), serial
        certificate = rows.certificates.find_many(tx, [key])[key]
        mark(tx, rows, CALLER, scene.world.row_in(tx, arn), [certificate], **how)

    scene.world.store.transact(write)


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
