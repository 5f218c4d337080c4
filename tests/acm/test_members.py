"""Each member of each request, got wrong in each way: refused as AWS refuses it, and nothing happens."""

import pytest

from tests.acm import wire
from tests.acm.scene import Scene
from tests.acm.stages import NOBODY, REQUESTS, good
from tests.request_faults import SERIALIZATION, VALIDATION

OPERATIONS = sorted(
    name for name, operation in wire.OPERATIONS.items() if name not in wire.ACME and "input" in operation
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_member_is_refused_and_nothing_happens(acm: Scene, operation: str) -> None:
    """Every fault of every member gets its exception, and names its place."""
    commits = acm.kept.store.commits
    count = 0
    for fault in REQUESTS.faults(operation):
        answer = acm.wire.send(operation, REQUESTS.broken(operation, good(operation, NOBODY), fault))
        assert (answer.error, answer.status) == (fault.error, 400), (fault, answer)
        if fault.error == VALIDATION:
            assert f"at '{fault.named}' failed to satisfy" in answer.message, (fault, answer)
        count += 1
    assert count >= 4
    assert acm.kept.store.commits == commits


BODIES = (b"", b"[]", b"null", b'"text"', b"{", b"{}{}", b'{"CertificateArn": NaN}', b"\xff", b"[" * 100_000)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_body_that_is_no_request_is_refused(acm: Scene, operation: str) -> None:
    for body in BODIES:
        answer = acm.wire.send_body(operation, body)
        if body or operation not in {"ListCertificates", "SearchCertificates"}:
            assert answer.error in {VALIDATION, SERIALIZATION}, (body[:20], answer)
