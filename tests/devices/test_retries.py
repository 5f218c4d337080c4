"""A retry gets the same certificate: within five minutes, at any moment, from any worker."""

import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from privyseal.caller import Caller
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.model import Claim
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.devices.vending import idempotency_token
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import ACCOUNT, OPERATOR, START, Deployment, deployment
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
WINDOW = timedelta(minutes=5)
TICK = timedelta(microseconds=1)


def noon(minute: int, second: float) -> datetime:
    return datetime(2026, 11, 21, 12, minute, tzinfo=UTC) + timedelta(seconds=second)


class Recording:
    """Passes on to an issuer and keeps the tokens; fails as often as it is told to."""

    def __init__(self, product: Deployment, authority_arn: str) -> None:
        self._issuer = product.issuer(authority_arn)
        self.tokens: list[str] = []
        self.fail_before: int = 0
        self.fail_after: int = 0

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        self.tokens.append(token)
        if self.fail_before:
            self.fail_before -= 1
            raise PrivySealError(ErrorCode.UNAVAILABLE, "before anything was issued")
        issued = self._issuer.issue(csr_pem, token=token, caller=caller)
        if self.fail_after:
            self.fail_after -= 1
            raise PrivySealError(ErrorCode.UNAVAILABLE, "the answer was lost")
        return issued


def started(product: Deployment, *device_ids: str) -> tuple[Recording, Enrolment]:
    for device_id in device_ids or ("sensor",):
        product.register(device_id, KEY.public_key())
    issuer = Recording(product, product.hierarchy())
    return issuer, product.enrolment(issuer)


def enrol(enrolment: Enrolment, request: bytes, device_id: str = "sensor") -> str:
    return enrolment.enrol(request, device_id, request_id="r").arn


# (first request, retry): the retry comes within five minutes.
@pytest.mark.parametrize(
    ("first", "again"),
    [
        (noon(0, 0), noon(0, 0)),
        (noon(0, 59), noon(1, 1)),
        (noon(0, 59.999999), noon(1, 0)),
        (noon(0, 0), noon(4, 59.999999)),
        (noon(0, 30), noon(5, 29.999999)),
        (noon(59, 59), noon(59, 61)),
    ],
    ids=str,
)
def test_the_same_request_gets_the_same_certificate(first: datetime, again: datetime) -> None:
    with deployment(at=first) as product:
        _, enrolment = started(product)
        request = csr(KEY, "sensor")
        issued = enrolment.enrol(request, "sensor", request_id="1")
        product.clock.advance(again - first)
        assert enrolment.enrol(request, "sensor", request_id="2") == issued
        assert len([each for each in product.journal() if issued_to_device(each)]) == 1


def test_after_five_minutes_it_is_a_new_request(product: Deployment) -> None:
    issuer, enrolment = started(product)
    request = csr(KEY, "sensor")
    first = enrol(enrolment, request)
    product.clock.advance(WINDOW)
    assert enrol(enrolment, request) != first
    assert len(set(issuer.tokens)) == 2


def test_a_retry_does_not_lengthen_the_window(product: Deployment) -> None:
    _, enrolment = started(product)
    request = csr(KEY, "sensor")
    first = enrol(enrolment, request)
    product.clock.advance(timedelta(minutes=4))
    assert enrol(enrolment, request) == first
    product.clock.advance(timedelta(minutes=4))
    assert enrol(enrolment, request) != first


def test_another_request_of_the_same_device_is_a_new_one(product: Deployment) -> None:
    _, enrolment = started(product)
    one, two = csr(KEY, "sensor"), csr(KEY, "sensor")  # ECDSA: each signature is another
    assert one != two
    assert enrol(enrolment, one) != enrol(enrolment, two)


def test_two_requests_in_turn_are_both_remembered(product: Deployment) -> None:
    _, enrolment = started(product)
    one, two = csr(KEY, "sensor"), csr(KEY, "sensor")
    first, second = enrol(enrolment, one), enrol(enrolment, two)
    product.clock.advance(timedelta(minutes=2))
    assert [enrol(enrolment, one), enrol(enrolment, two)] == [first, second]
    found = product.registry.show(OPERATOR, "sensor")
    assert found.certificate_arn == second, "the newest is the one that was asked for last"


def test_the_same_request_in_other_line_lengths_is_the_same_one(product: Deployment) -> None:
    _, enrolment = started(product)
    request = csr(KEY, "sensor")
    lines = request.decode().splitlines()
    body = "\r\n".join(textwrap.wrap("".join(lines[1:-1]), 30))
    again = f"made by a tool\r\n{lines[0]}\r\n{body}\r\n{lines[-1]}\r\n".encode()
    assert enrol(enrolment, request) == enrol(enrolment, again)


def test_devices_that_share_a_key_share_no_token(product: Deployment) -> None:
    issuer, enrolment = started(product, "a", "b")
    enrol(enrolment, csr(KEY, "a"), "a")
    enrol(enrolment, csr(KEY, "b"), "b")
    assert len(set(issuer.tokens)) == 2


@pytest.mark.parametrize("moment", ["fail_before", "fail_after"])
def test_a_retry_after_a_failure_gets_one_certificate(product: Deployment, moment: str) -> None:
    issuer, enrolment = started(product)
    setattr(issuer, moment, 2)
    request = csr(KEY, "sensor")
    for _ in range(2):
        with pytest.raises(PrivySealError):
            enrol(enrolment, request)
        product.clock.advance(timedelta(seconds=50))
    arn = enrol(enrolment, request)
    assert len(set(issuer.tokens)) == 1
    assert len([each for each in product.journal() if issued_to_device(each)]) == 1
    assert product.registry.show(OPERATOR, "sensor").certificate_arn == arn


def issued_to_device(entry: dict[str, object]) -> bool:
    return entry["action"] == "acm-pca:IssueCertificate" and entry["principal"] == "device:sensor"


def test_a_restart_in_between_changes_nothing(tmp_path: Path) -> None:
    path, request = tmp_path / "privyseal.db", csr(KEY, "sensor")
    with deployment(path, noon(0, 59)) as before:
        before.register("sensor", KEY.public_key())
        authority = before.hierarchy()
        first = enrol(before.enrolment(before.issuer(authority)), request)
    with deployment(path, noon(3, 1)) as after:
        assert enrol(after.enrolment(after.issuer(authority)), request) == first


def test_simultaneous_requests_at_two_workers_get_one_certificate(tmp_path: Path) -> None:
    """The two workers' clocks stand on either side of a full minute."""
    path = tmp_path / "privyseal.db"
    with deployment(path, noon(0, 59)) as one, deployment(path, noon(1, 0)) as two:
        one.register("sensor", KEY.public_key())
        authority = one.hierarchy()
        workers = [product.enrolment(product.issuer(authority)) for product in (one, two)]
        with ThreadPoolExecutor(8) as threads:
            for _ in range(10):
                arns = answers(threads, workers, csr(KEY, "sensor"))
                assert len(set(arns)) == 1
        assert len([each for each in one.journal() if issued_to_device(each)]) == 10


def answers(threads: ThreadPoolExecutor, workers: Sequence[Enrolment], request: bytes) -> list[str]:
    return list(threads.map(lambda n: enrol(workers[n % len(workers)], request), range(8)))


def test_claims_of_the_past_are_pruned(product: Deployment) -> None:
    _, enrolment = started(product)
    for _ in range(3):
        enrol(enrolment, csr(KEY, "sensor"))
        product.clock.advance(WINDOW)
    until = product.clock.now() - WINDOW
    left = product.store.transact(lambda tx: product.devices.prune_claims(tx, until, 1000))
    assert left == 1, "only the latest is still there"


@given(
    st.text(max_size=64),
    st.binary(min_size=32, max_size=32),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1)),
)
def test_the_token_fits_and_is_that_of_the_minute(device_id: str, digest: bytes, at: datetime) -> None:
    claim = Claim(ACCOUNT, device_id.encode(errors="replace").decode(), digest, at)
    token = idempotency_token(claim)
    assert len(token) == 36
    assert token.isalnum()
    start = at.replace(second=0, microsecond=0)
    within = Claim(ACCOUNT, claim.device_id, digest, start + timedelta(minutes=1) - TICK)
    after = Claim(ACCOUNT, claim.device_id, digest, start + timedelta(minutes=1))
    assert idempotency_token(within) == token != idempotency_token(after)


def test_tokens_of_other_devices_digests_and_accounts_differ() -> None:
    claims = [
        Claim(account, device_id, digest, START)
        for account in (ACCOUNT, "444455556666")
        for device_id in ("a", "b")
        for digest in (bytes(32), bytes(31) + b"\x01")
    ]
    assert len({idempotency_token(claim) for claim in claims}) == len(claims)


def test_a_request_that_is_signed_the_same_each_time_is_a_retry_first_and_a_rotation_later(
    product: Deployment,
) -> None:
    """RSA PKCS #1 v1.5: the device makes the CSR anew, and it is the same one."""
    key = rsa.generate_private_key(65537, 2048)
    product.register("plant", key.public_key())
    enrolment = product.enrolment(product.issuer(product.hierarchy()))
    assert csr(key, "plant") == csr(key, "plant")
    first = enrol(enrolment, csr(key, "plant"), "plant")
    product.clock.advance(WINDOW - TICK)
    assert enrol(enrolment, csr(key, "plant"), "plant") == first
    product.clock.advance(TICK)
    assert enrol(enrolment, csr(key, "plant"), "plant") != first
