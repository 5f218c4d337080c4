"""Asking over a network that is not to be relied upon: what is tried again, when, and for how long."""

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from privyseal.agent.patience import LONGEST_WAIT_S
from privyseal.agent.provisioning import Provisioned, Provisioning
from privyseal.client.errors import ApiError, ClientError, UnreachableError
from privyseal.client.transport import Reply, Transport

GIVEN = Reply(200, {}, json.dumps({"certificate": "PEM", "certificate_chain": "CHAIN"}).encode())


class Network(Transport):
    """Answers with what it is given, in turn; the last answer for ever. Its clock moves by sleeping."""

    def __init__(self, *answers: Reply | Exception) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answers = list(answers)
        self.sent: list[tuple[str, str, bytes]] = []
        self.waits: list[float] = []

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        assert method == "GET" or headers["Content-Type"] == "application/json"
        self.sent.append((method, target, body))
        self.preferred = headers.get("Prefer", "")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def asking(self, patience: float = 300.0, bucket: "Network | None" = None) -> Provisioning:
        """`bucket`: whoever else a link leads to."""
        return Provisioning(
            self,
            patience=patience,
            respond_async=bucket is not None,
            elsewhere=lambda url: bucket or Transport(url),
            sleep=self.waits.append,
            monotonic=lambda: sum(self.waits),
        )


def placed(location: str, retry_after: str = "2") -> Reply:
    return Reply(202, {"location": location, "retry-after": retry_after}, b"{}")


def refusal(status: int, code: str = "CODE", **headers: str) -> Reply:
    body = json.dumps({"code": code, "detail": "because", "request_id": "id"}).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_tried_again_with_the_same_request(status: int) -> None:
    network = Network(refusal(status), UnreachableError("no reply"), Reply(status, {}, b""), GIVEN)
    assert network.asking().ask("sensor-1", "CSR") == Provisioned("PEM", "CHAIN")
    body = json.dumps({"csr": "CSR", "device_id": "sensor-1"}).encode()
    assert network.sent == [("POST", "/provision", body)] * 4


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415])
def test_what_is_refused_for_good_is_raised_at_once(status: int) -> None:
    network = Network(refusal(status, "ACCESS_DENIED"))
    with pytest.raises(ApiError, match="ACCESS_DENIED: because") as raised:
        network.asking().ask("sensor-1", "CSR")
    assert (raised.value.status, raised.value.request_id) == (status, "id")
    assert len(network.sent) == 1


def test_waits_double_with_a_random_part_up_to_half_a_minute() -> None:
    """Two devices that failed together do not come back together."""
    first, second = Network(UnreachableError("no reply")), Network(UnreachableError("no reply"))
    for network in (first, second):
        with pytest.raises(UnreachableError):
            network.asking().ask("sensor-1", "CSR")
        most = 0.5
        for wait in network.waits:
            assert most / 2 <= wait <= most
            most = min(2 * most, LONGEST_WAIT_S)
        assert 300 - LONGEST_WAIT_S <= sum(network.waits) <= 300
    assert first.waits != second.waits


def test_nobody_comes_back_before_retry_after() -> None:
    """Seconds, or a date; what is neither counts for nothing."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    answers = [refusal(503, retry_after=text) for text in ("20", date, "soon", "-5")]
    network = Network(*answers, GIVEN)
    network.asking().ask("sensor-1", "CSR")
    assert network.waits[0] == 20
    assert 98 <= network.waits[1] <= 100
    assert max(network.waits[2:]) <= 4


def test_patience_ends_before_a_wait_that_is_too_long() -> None:
    network = Network(refusal(429, "THROTTLED", retry_after="60"))
    with pytest.raises(ApiError, match="THROTTLED"):
        network.asking(patience=59).ask("sensor-1", "CSR")
    assert network.waits == []


def test_a_service_that_is_not_to_be_trusted_is_not_asked_again() -> None:
    error = UnreachableError("not trusted")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    network = Network(error)
    with pytest.raises(UnreachableError, match="not trusted"):
        network.asking().ask("sensor-1", "CSR")
    assert len(network.sent) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"certificate": 1, "certificate_chain": ""}'])
def test_an_answer_that_is_no_certificate_is_an_error(body: bytes) -> None:
    with pytest.raises(ClientError, match="not a certificate"):
        Network(Reply(200, {}, body)).asking().ask("sensor-1", "CSR")


def test_a_link_is_fetched_until_the_answer_is_there() -> None:
    """Never sooner than it is told to; a network that fails in between does not change the link."""
    network = Network(placed("/links/abc"), placed("/links/abc", "9"), UnreachableError("no reply"), GIVEN)
    assert network.asking().ask("sensor-1", "CSR") == Provisioned("PEM", "CHAIN")
    assert [sent[:2] for sent in network.sent] == [("POST", "/provision")] + [("GET", "/links/abc")] * 3
    assert (network.waits[0], network.waits[1]) == (2, 9)


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_a_link_that_leads_to_nothing_is_asked_for_again(status: int) -> None:
    network = Network(placed("/links/abc"), refusal(status), placed("/links/def"), GIVEN)
    assert network.asking().ask("sensor-1", "CSR") == Provisioned("PEM", "CHAIN")
    paths = [target for _, target, _ in network.sent]
    assert paths == ["/provision", "/links/abc", "/provision", "/links/def"]


def test_a_link_to_a_refusal_is_that_refusal() -> None:
    network = Network(placed("/links/abc"), refusal(403, "access-denied"))
    with pytest.raises(ApiError, match="access-denied: because"):
        network.asking().ask("sensor-1", "CSR")
    assert len(network.sent) == 2


def test_a_bucket_has_nothing_until_it_has_the_answer() -> None:
    bucket = Network(Reply(404, {}, b"<Error/>"), Reply(403, {}, b"<Error/>"), GIVEN)
    network = Network(placed("http://bucket.example/key?X-Amz-Signature=1"))
    assert network.asking(bucket=bucket).ask("sensor-1", "CSR") == Provisioned("PEM", "CHAIN")
    assert network.preferred == "respond-async"
    assert bucket.sent == [("GET", "/key?X-Amz-Signature=1", b"")] * 3


def test_an_error_in_a_bucket_is_an_error() -> None:
    """S3 gives everything with 200."""
    body = json.dumps({"status": 403, "code": "access-denied", "detail": "suspended"}).encode()
    bucket = Network(Reply(200, {"content-type": "application/problem+json"}, body))
    with pytest.raises(ApiError, match="access-denied: suspended") as raised:
        Network(placed("http://bucket.example/key")).asking(bucket=bucket).ask("sensor-1", "CSR")
    assert raised.value.status == 403


def test_patience_ends_with_a_link_too() -> None:
    network = Network(placed("/links/abc"))
    with pytest.raises(ClientError, match="not ready in time"):
        network.asking(patience=30).ask("sensor-1", "CSR")
    assert sum(network.waits) <= 30
