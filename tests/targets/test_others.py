"""What only one of the remaining targets does."""

import json
import ssl
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Target
from privyseal.targets.eventbridge import EventBridgeTarget
from privyseal.targets.file import FileTarget
from privyseal.targets.nats import NatsTarget
from privyseal.targets.sns import SnsTarget
from privyseal.targets.sqs import SqsTarget
from tests.targets.conftest import REGION, Queue, aws, lines
from tests.targets.nats_server import SUBJECT, nats_server
from tests.targets.own_ca import OwnCa
from tests.targets.samples import ARN, attempt, event

PCA_ARN = (
    "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/"
    "0a5c8f3e-4b1d-4a77-9f0e-0d9f2f6f0001/certificate/0a5c8f3e4b1d4a779f0e0d9f2f6f0001"
)


def refusal(target: Target, sent: dict[str, Any]) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(sent, attempt())
    return refused.value


def test_a_file_is_for_its_owner_alone_and_may_be_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "events" / "all.jsonl"
    target = FileTarget("t", path=str(path))
    target.send(event(1), attempt())
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)} == {0o600, 0o700}
    path.rename(path.with_suffix(".old"))
    target.send(event(2), attempt())
    assert (lines(path.with_suffix(".old")), lines(path)) == ([event(1)], [event(2)])


def test_lines_stay_whole_whoever_writes_and_whoever_rotates(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    large = event(detail={"text": "x" * 20_000})
    stop = threading.Event()

    def rotate() -> None:
        number = 0
        while not stop.wait(0.002):
            if path.exists():
                path.rename(tmp_path / f"old-{number}")
                number += 1

    def write() -> None:
        for _ in range(25):
            FileTarget("t", path=str(path)).send(large, attempt())

    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        writers = [threading.Thread(target=write) for _ in range(4)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
    finally:
        stop.set()
    rotating.join()
    found = [line for file in tmp_path.iterdir() for line in lines(file)]
    assert found == [large] * 100


def test_a_line_that_a_crash_has_torn_goes_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps(event(1)) + '\n{"half')
    FileTarget("t", path=str(path)).send(event(2), attempt())
    assert lines(path) == [event(1), event(2)]


def groups(queue: Queue) -> Sequence[tuple[str, int]]:
    """Group and number of each message, in the order of arrival."""
    found = [(each["Attributes"]["MessageGroupId"], json.loads(each["Body"])) for each in queue.messages]
    return [(group, body["detail"]["DaysToExpiry"]) for group, body in found]


@pytest.mark.parametrize("through", ["sqs", "sns"])
def test_fifo_keeps_the_order_of_a_resource_and_drops_what_comes_twice(empty_moto: str, through: str) -> None:
    queue = Queue(empty_moto, "events.fifo", FifoQueue="true")
    target: Target = SqsTarget("t", queue_url=queue.url, region=REGION, endpoint_url=empty_moto)
    if through == "sns":
        sns = aws("sns", empty_moto)
        topic = sns.create_topic(Name="events.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=raw)
        target = SnsTarget("t", topic_arn=topic, endpoint_url=empty_moto)
    for number in (1, 2, 2, 3):
        target.send(event(number), attempt())
    target.send(event(4, resources=[PCA_ARN]), attempt())
    queue.received()
    assert sorted(number for _, number in groups(queue)) == [1, 2, 3, 4]
    assert [number for group, number in groups(queue) if group == ARN] == [1, 2, 3]
    ((long_group, _),) = [each for each in groups(queue) if each[0] != ARN]
    assert len(long_group) == 64, "a group has 128 characters at most, the ARN has more"


def test_a_queue_that_is_not_there_yet_is_tried_again(empty_moto: str) -> None:
    """It can be made while the event waits."""
    where = {"region": REGION, "endpoint_url": empty_moto}
    queue = SqsTarget("t", queue_url=f"{empty_moto}/123456789012/none", **where)
    topic = SnsTarget("t", topic_arn="arn:aws:sns:us-east-1:123456789012:none", endpoint_url=empty_moto)
    for target in (queue, topic):
        assert refusal(target, event()).code is ErrorCode.UNAVAILABLE


def test_what_a_queue_can_never_take_is_not_tried_again(empty_moto: str) -> None:
    queue = Queue(empty_moto, "events")
    target = SqsTarget("t", queue_url=queue.url, region=REGION, endpoint_url=empty_moto)
    assert refusal(target, event(detail={"x": "y" * 2_000_000})).code is ErrorCode.INVALID_ARGUMENT


def test_eventbridge_gets_time_source_and_type(empty_moto: str) -> None:
    queue, events = Queue(empty_moto, "events"), aws("events", empty_moto)
    events.put_rule(Name="all", EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue.arn}])
    target = EventBridgeTarget("t", region=REGION, endpoint_url=empty_moto)
    target.send(event(), attempt())
    target.send(event(source="privyseal"), attempt())
    assert [each["source"] for each in queue.received()] == ["privyseal.acm", "privyseal"]
    assert {each["time"] for each in queue.received()} == {"2026-03-01T12:00:00Z"}


@pytest.mark.parametrize("kind", [SqsTarget, SnsTarget, EventBridgeTarget])
def test_a_profile_that_there_is_not_is_refused_at_the_start(kind: Any, aws_environment: None) -> None:
    places: dict[Any, dict[str, str]] = {
        SqsTarget: {"queue_url": "https://q.example/q"},
        SnsTarget: {"topic_arn": "arn:aws:sns:us-east-1:123456789012:t"},
        EventBridgeTarget: {},
    }
    with pytest.raises(PrivySealError, match=r"\[targets.t\]") as refused:
        kind("t", profile="nobody", region=REGION, **places[kind])
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT


def test_jetstream_acknowledges_or_it_is_tried_again(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        target = NatsTarget("t", url=server.url, subject=SUBJECT, jetstream=True)
        for _ in range(2):
            target.send(event(), attempt())
        assert [(got, headers["Nats-Msg-Id"]) for got, headers in server.messages()] == [
            (event(), event()["id"])
        ]
        nowhere = NatsTarget("t", url=server.url, subject="no.stream", jetstream=True, timeout_seconds=2)
        assert refusal(nowhere, event()).code is ErrorCode.UNAVAILABLE
        huge = event(detail={"x": "y" * 2_000_000})
        assert refusal(target, huge).code is ErrorCode.INVALID_ARGUMENT


def test_nats_verifies_the_server_and_logs_in(tmp_path: Path, own_ca: OwnCa) -> None:
    certificate, key = own_ca.server_files("127.0.0.1")
    tls = [
        "--tls",
        "--tlscert",
        str(certificate),
        "--tlskey",
        str(key),
        "--user",
        "u",
        "--pass",
        "a password",
    ]

    trusting = ssl.create_default_context(cafile=str(own_ca.file))
    with nats_server(tmp_path, tls, user="u", password="a password", tls=trusting) as server:
        url = server.url.replace("nats:", "tls:")
        login: dict[str, Any] = {"username": "u", "password": "a password"}
        good = NatsTarget("t", url=url, subject=SUBJECT, ca_file=str(own_ca.file), **login)
        good.send(event(), attempt())
        strange = NatsTarget("t", url=url, subject=SUBJECT, timeout_seconds=3, **login)
        wrong = NatsTarget(
            "t",
            url=url,
            subject=SUBJECT,
            ca_file=str(own_ca.file),
            username="u",
            password="x",
            timeout_seconds=3,
        )
        for target in (strange, wrong):
            refused = refusal(target, event())
            assert refused.code is ErrorCode.UNAVAILABLE
            assert "a password" not in refused.message
        assert len(server.messages()) == 1
