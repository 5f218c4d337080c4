"""An authority gets its certificate, from itself, from another authority here, or from elsewhere."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.model import SUBORDINATE
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from tests.ca.parent import Parent, name
from tests.ca.world import CALLER, ISSUING_TEMPLATE, NOW, Refused, World, pem
from tests.stores import journals

INSTALLED = "acm-pca:ImportCertificateAuthorityCertificate"


@pytest.fixture(name="parent", scope="module")
def parent_fixture() -> Parent:
    return Parent(NOW)


def test_a_root_that_signed_itself_becomes_active(world: World) -> None:
    arn = world.root()
    row = world.row(arn)
    found = world.ca.certification.certificate(CALLER, arn)
    certificate = x509.load_pem_x509_certificate(found.certificate.encode())
    assert row.status is Status.ACTIVE
    assert found.chain is None
    assert row.chain is None
    assert (row.serial, row.not_before, row.not_after) == (
        certificate.serial_number,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def test_a_subordinate_carries_its_chain_up_to_the_root(world: World) -> None:
    """Three levels: the chain is issuer first, root last, and never the certificate itself."""
    root = world.root()
    middle = world.subordinate(
        root, template="arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen1/V1"
    )
    low = world.subordinate(middle)
    own = {arn: world.ca.certification.certificate(CALLER, arn) for arn in (root, middle, low)}
    assert own[middle].chain == own[root].certificate
    assert own[low].chain == f"{own[middle].certificate}\n{own[root].certificate}"
    path = [x509.load_pem_x509_certificate(own[arn].certificate.encode()) for arn in (low, middle, root)]
    for issued, issuer in zip(path, [*path[1:], path[-1]], strict=True):
        issued.verify_directly_issued_by(issuer)


def test_a_root_kept_offline_elsewhere_can_sign_our_subordinate(world: World, parent: Parent) -> None:
    arn = world.create(SUBORDINATE)
    world.ca.certification.install(CALLER, arn, parent.certify(world.csr_of(arn)), parent.pem)
    assert world.status(arn) is Status.ACTIVE
    leaf = x509.load_der_x509_certificate(world.issue(arn).der)
    own = x509.load_pem_x509_certificate(world.ca.certification.certificate(CALLER, arn).certificate.encode())
    leaf.verify_directly_issued_by(own)


WRONG: Mapping[str, tuple[ErrorCode, Callable[[World, str, Parent], tuple[bytes, bytes | None]]]] = {
    "no PEM": (ErrorCode.MALFORMED_CERTIFICATE, lambda _w, _a, p: (b"hello", p.pem)),
    "a PEM of nothing": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda _w, _a, p: (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", p.pem),
    ),
    "two certificates": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (p.certify(w.csr_of(a)) + p.pem, p.pem),
    ),
    "a CSR": (ErrorCode.MALFORMED_CERTIFICATE, lambda w, a, p: (w.csr_of(a), p.pem)),
    "a chain that is no PEM": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (p.certify(w.csr_of(a)), b"hello"),
    ),
    "no basic constraints": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (p.certify(w.csr_of(a), constraints=False), p.pem),
    ),
    "basic constraints that are not critical": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (p.certify(w.csr_of(a), critical=False), p.pem),
    ),
    "CA false": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (p.certify(w.csr_of(a), ca=False), p.pem),
    ),
    "a critical extension that must not be": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (
            p.certify(w.csr_of(a), extra=((x509.PolicyConstraints(0, None), True),)),
            p.pem,
        ),
    ),
    "a critical extension that nobody knows": (
        ErrorCode.MALFORMED_CERTIFICATE,
        lambda w, a, p: (
            p.certify(
                w.csr_of(a),
                extra=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
            ),
            p.pem,
        ),
    ),
    "another key": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (
            p.certify(w.csr_of(a), public_key=ec.generate_private_key(ec.SECP256R1()).public_key()),
            p.pem,
        ),
    ),
    "a chain that did not sign it": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (p.certify(w.csr_of(a)), Parent(NOW).pem),
    ),
    "an issuer name that is not the chain's": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (p.certify(w.csr_of(a), issuer=name("somebody")), p.pem),
    ),
    "a root above it that is too short": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (p.certify(w.csr_of(a), days=365 * 21), p.pem),
    ),
    "a start in the future": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (p.certify(w.csr_of(a), starts=timedelta(days=1)), p.pem),
    ),
    "a self-signed certificate of a subordinate": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (w.self_signed(a), p.pem),
    ),
    "no chain": (ErrorCode.INVALID_REQUEST, lambda w, a, p: (p.certify(w.csr_of(a)), None)),
    "an empty chain": (ErrorCode.INVALID_REQUEST, lambda w, a, p: (p.certify(w.csr_of(a)), b"")),
    "a chain in the wrong order": (
        ErrorCode.CERTIFICATE_MISMATCH,
        lambda w, a, p: (p.certify(w.csr_of(a)), Parent(NOW, "other").pem + p.pem),
    ),
}


@pytest.mark.parametrize(("code", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_certificate_changes_nothing(
    world: World,
    parent: Parent,
    refused: Refused,
    code: ErrorCode,
    wrong: Callable[[World, str, Parent], tuple[bytes, bytes | None]],
) -> None:
    arn = world.create(SUBORDINATE)
    before = world.row(arn)
    refused(code, world.ca.certification.install, CALLER, arn, *wrong(world, arn, parent))
    assert world.row(arn) == before
    assert not [e for e in journals.entries(world.store) if e["action"] == INSTALLED]


def test_a_root_takes_no_parents_certificate_and_no_chain(
    world: World, parent: Parent, refused: Refused
) -> None:
    arn = world.create()
    install = world.ca.certification.install
    refused(ErrorCode.CERTIFICATE_MISMATCH, install, CALLER, arn, parent.certify(world.csr_of(arn)), None)
    refused(ErrorCode.INVALID_REQUEST, install, CALLER, arn, world.self_signed(arn), world.self_signed(arn))
    assert world.status(arn) is Status.PENDING_CERTIFICATE


def test_path_lengths_of_the_whole_chain_bind_what_is_issued_below(world: World, refused: Refused) -> None:
    """The root allows one authority below it; ours says nothing of its own, and still cannot have one."""
    root = Parent(NOW)
    root.certificate = root.sign(root.subject, root.key.public_key(), days=7000, path_length=1)
    arn = world.create(SUBORDINATE)
    world.ca.certification.install(CALLER, arn, root.certify(world.csr_of(arn)), root.pem)
    low = world.create(SUBORDINATE)
    template = "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen{}/V1"
    deep = {"template_arn": template.format(1)}
    refused(ErrorCode.INVALID_ARGUMENT, lambda: world.issue(arn, world.csr_of(low), **deep))
    assert world.issue(arn)  # end entities do not count
    assert world.stored(arn) == 1


@pytest.mark.parametrize("status", [Status.CREATING, Status.FAILED])
def test_an_authority_without_a_csr_takes_no_certificate(
    world: World, refused: Refused, status: Status
) -> None:
    arn = world.create()
    world.set_status(arn, status)
    refused(
        ErrorCode.INVALID_STATE, world.ca.certification.install, CALLER, arn, world.self_signed(arn), None
    )


def test_a_new_certificate_keeps_key_and_arn_and_counts_a_version(world: World) -> None:
    arn = world.root()
    before = world.row(arn)
    world.ca.certification.install(CALLER, arn, world.self_signed(arn, 9000), None)
    after = world.row(arn)
    assert (after.arn, after.public_key, after.csr) == (before.arn, before.public_key, before.csr)
    assert (after.serial, after.version) != (before.serial, before.version)
    leaf = x509.load_der_x509_certificate(world.issue(arn, validity=("DAYS", 8000)).der)
    assert leaf.not_valid_after_utc > (before.not_after or NOW)  # the new one decides at once


def test_a_renewal_under_another_subject_is_refused(world: World, parent: Parent, refused: Refused) -> None:
    """RFC 5280 sees a CA of another name as another one: what it issued before had no CRL and no OCSP. The
    first certificate may have a subject of its parent's choice, which is the authority's from then on.
    """
    arn = world.create(SUBORDINATE)
    given = name("given by the parent")
    install = world.ca.certification.install
    install(CALLER, arn, parent.certify(world.csr_of(arn), subject=given), parent.pem)
    before = world.row(arn)
    for changed in (None, name("Given by the parent")):  # None: that of the CSR
        subject = {"subject": changed} if changed else {}
        certificate = parent.certify(world.csr_of(arn), **subject)
        message = refused(ErrorCode.CERTIFICATE_MISMATCH, install, CALLER, arn, certificate, parent.pem)
        assert "given by the parent" in message
    assert world.row(arn) == before
    install(CALLER, arn, parent.certify(world.csr_of(arn), subject=given), parent.pem)
    assert world.row(arn).serial != before.serial


def test_a_disabled_authority_is_renewed_and_stays_disabled(world: World) -> None:
    arn = world.root()
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    world.ca.certification.install(CALLER, arn, world.self_signed(arn), None)
    assert world.status(arn) is Status.DISABLED


def test_asking_for_the_certificate_too_early_has_aws_words(world: World, refused: Refused) -> None:
    arn = world.create()
    message = refused(ErrorCode.INVALID_STATE, world.ca.certification.certificate, CALLER, arn)
    assert message == (
        f"The certificate authority {arn} is not in the correct state to have a certificate signing request."
    )


def test_the_certificate_of_a_disabled_or_expired_authority_can_be_read(world: World) -> None:
    arn = world.root()
    pem = world.ca.certification.certificate(CALLER, arn)
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    assert world.ca.certification.certificate(CALLER, arn) == pem
    world.clock.advance(timedelta(days=3651))
    assert world.status(arn) is Status.EXPIRED
    assert world.ca.certification.certificate(CALLER, arn) == pem


def test_an_import_that_was_overtaken_by_a_deletion_is_refused(world: World, refused: Refused) -> None:
    """The certificate is checked before the transaction, the state again within it."""
    arn = world.create()
    certificate = world.self_signed(arn)
    world.store.before_commit = lambda: world.ca.authorities.delete(CALLER, arn, 7)
    refused(ErrorCode.INVALID_STATE, world.ca.certification.install, CALLER, arn, certificate, None)
    assert world.status(arn) is Status.DELETED


def test_a_lost_commit_leaves_the_authority_pending(world: World, refused: Refused) -> None:
    arn = world.create()
    certificate = world.self_signed(arn)
    world.store.commits_to_lose = 1
    refused(ErrorCode.UNAVAILABLE, world.ca.certification.install, CALLER, arn, certificate, None)
    assert world.status(arn) is Status.PENDING_CERTIFICATE
    world.ca.certification.install(CALLER, arn, certificate, None)
    assert world.status(arn) is Status.ACTIVE


def test_pem_comes_without_a_final_newline(world: World) -> None:
    """AWS's strings end with the last dash, and clients compare them."""
    root = world.root()
    low = world.subordinate(root)
    found = world.ca.certification.certificate(CALLER, low)
    assert found.chain is not None
    for text in (found.certificate, found.chain):
        assert text.startswith("-----BEGIN CERTIFICATE-----\n")
        assert text.endswith("\n-----END CERTIFICATE-----")


def test_what_was_switched_off_stays_off_when_it_is_renewed_after_its_end(world: World) -> None:
    """Time makes DISABLED look EXPIRED; a new certificate does not undo what an administrator did."""
    root = world.root()
    arn = world.subordinate(root)
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    world.clock.advance(timedelta(days=4 * 365))
    assert world.status(arn) is Status.EXPIRED
    renewed = world.issue(root, world.csr_of(arn), template_arn=ISSUING_TEMPLATE, validity=("DAYS", 365))
    chain = world.ca.certification.certificate(CALLER, root).certificate
    world.ca.certification.install(CALLER, arn, pem(renewed.der), chain.encode())
    assert world.status(arn) is Status.DISABLED
