"""Issued certificates, read: a batch of point reads, and pages."""

from datetime import datetime, timedelta

from cryptography import x509

from privyseal.ca.certificates import GetRequest, Position
from privyseal.ca.certification import CertificatePem
from privyseal.ca.requests import Issued
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn
from tests.ca.world import CALLER, STRANGER, TEMPLATE, World, csr, elsewhere, issue_request


def get(world: World, issued: Issued) -> CertificatePem:
    (answer,) = world.ca.reader.get([request(issued)])
    assert isinstance(answer, CertificatePem)
    return answer


def request(issued: Issued) -> GetRequest:
    return GetRequest(CALLER, str(issued.arn.authority), str(issued.arn))


def code(world: World, authority_arn: str, certificate_arn: str, caller: object = CALLER) -> ErrorCode:
    (answer,) = world.ca.reader.get([GetRequest(caller, authority_arn, certificate_arn)])  # type: ignore[arg-type]
    assert isinstance(answer, PrivySealError)
    return answer.code


def test_a_certificate_comes_with_the_chain_of_its_issuer(world: World) -> None:
    root = world.root()
    low = world.subordinate(root)
    issued = world.issue(low)
    found = get(world, issued)
    own = {arn: world.ca.certification.certificate(CALLER, arn).certificate for arn in (root, low)}
    assert x509.load_pem_x509_certificate(found.certificate.encode()) == x509.load_der_x509_certificate(
        issued.der
    )
    assert found.chain == f"{own[low]}\n{own[root]}"
    assert not found.certificate.endswith("\n")


def test_a_roots_own_certificate_has_no_chain_and_its_leaves_have_the_root(world: World) -> None:
    root = world.root()
    serial = world.row(root).serial
    own = world.ca.certification.certificate(CALLER, root).certificate
    (answer,) = world.ca.reader.get([GetRequest(CALLER, root, f"{root}/certificate/{serial:032x}")])
    assert answer == CertificatePem(own, None)
    assert get(world, world.issue(root)).chain == own


def test_answers_are_positional_and_one_bad_request_spoils_no_other(world: World) -> None:
    arns = [world.root(), world.root()]
    issued = world.answers(*(issue_request(arns[n % 2]) for n in range(20)))
    good = [request(each) for each in issued if isinstance(each, Issued)]
    missing = GetRequest(CALLER, arns[0], f"{arns[0]}/certificate/{1:032x}")
    crossed = GetRequest(CALLER, arns[1], good[0].certificate_arn)
    asked = [missing, *good, GetRequest(CALLER, "x", "y"), crossed, good[3], missing]
    answers = world.ca.reader.get(asked)
    codes = [each.code if isinstance(each, PrivySealError) else None for each in answers]
    assert codes == [
        ErrorCode.NOT_FOUND,
        *[None] * 20,
        ErrorCode.INVALID_ARN,
        ErrorCode.NOT_FOUND,
        None,
        ErrorCode.NOT_FOUND,
    ]
    assert answers[-2] == answers[4]
    for each, answer in zip(issued, answers[1:21], strict=True):
        assert isinstance(each, Issued)
        assert isinstance(answer, CertificatePem)
        der = x509.load_pem_x509_certificate(answer.certificate.encode())
        assert der.serial_number == each.arn.serial


def test_nobody_reads_another_accounts_certificates(world: World) -> None:
    issued = world.issue(world.root())
    authority, arn = str(issued.arn.authority), str(issued.arn)
    assert code(world, authority, arn, STRANGER) is ErrorCode.NOT_FOUND
    for other in (elsewhere(authority, account=STRANGER.account), elsewhere(authority, region="us-east-1")):
        there = arn.replace(authority, other)
        assert code(world, other, there) is ErrorCode.NOT_FOUND
        assert code(world, other, there, STRANGER) is ErrorCode.NOT_FOUND


def test_what_is_no_arn_is_refused(world: World) -> None:
    issued = world.issue(world.root())
    authority, arn = str(issued.arn.authority), str(issued.arn)
    for wrong in ("", authority, f"{arn}0", arn.upper()):
        assert code(world, authority, wrong) is ErrorCode.INVALID_ARN
    assert code(world, arn, arn) is ErrorCode.INVALID_ARN


def test_the_certificates_of_a_deleted_authority_are_refused_in_aws_words(world: World) -> None:
    issued = world.issue(world.root())
    arn = str(issued.arn.authority)
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    assert get(world, issued)
    world.ca.authorities.delete(CALLER, arn, 7)
    (answer,) = world.ca.reader.get([request(issued)])
    assert isinstance(answer, PrivySealError)
    assert (answer.code, answer.message) == (
        ErrorCode.INVALID_STATE,
        f"The certificate authority {arn} is not in the correct state to have issued certificates.",
    )
    world.ca.authorities.restore(CALLER, arn)
    assert get(world, issued)
    world.ca.authorities.delete(CALLER, arn, 7)
    world.clock.advance(timedelta(days=7))
    assert code(world, arn, str(issued.arn)) is ErrorCode.NOT_FOUND


def test_expired_and_revoked_certificates_can_be_read(world: World) -> None:
    issued = world.issue(world.root(), validity=("DAYS", 1))
    before = get(world, issued)
    serial = f"{issued.arn.serial:x}"
    world.ca.revocation.revoke(CALLER, str(issued.arn.authority), serial, "KEY_COMPROMISE")
    world.clock.advance(timedelta(days=4000))
    assert get(world, issued) == before


def test_a_batch_of_reads_is_one_view(world: World) -> None:
    issued = world.issue(world.root())
    before = world.store.views
    world.ca.reader.get([request(issued)] * 100)
    assert world.store.views == before + 1


def test_pages_run_in_order_of_issue_and_miss_nothing(world: World) -> None:
    arn, other = world.root(), world.root()
    expected = set()
    for n in range(4):
        answers = world.answers(*(issue_request(arn, csr(f"d-{n}-{k}")) for k in range(5)))
        expected |= {each.arn for each in answers if isinstance(each, Issued)}
        world.clock.advance(timedelta(seconds=1))
    world.issue(other)
    expected.add(CertificateArn.parse(f"{arn}/certificate/{world.row(arn).serial:032x}"))
    for limit in (1, 4, 21, 100):
        seen, after = [], None
        while True:
            rows, after = page(world, arn, after, limit)
            assert len(rows) <= limit
            seen += rows
            if after is None:
                break
        assert {each[0] for each in seen} == {each.serial for each in expected}
        assert [each[1] for each in seen] == sorted(each[1] for each in seen)
        assert len(seen) == 21


def page(
    world: World, arn: str, after: Position | None, limit: int
) -> tuple[list[tuple[int, datetime]], Position | None]:
    rows, end = world.ca.reader.page(CALLER, arn, after, limit)
    return [(row.serial, row.issued_at) for row in rows], end


def test_a_template_is_stored_with_what_it_made(world: World) -> None:
    arn = world.root()
    for name in ("EndEntityServerAuthCertificate/V1", "EndEntityClientAuthCertificate/V1"):
        issued = world.issue(arn, template_arn=f"{TEMPLATE}{name}")
        rows, _ = world.ca.reader.page(CALLER, arn, None, 100)
        assert {row.template for row in rows if row.serial == issued.arn.serial} == {name}
