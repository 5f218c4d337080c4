"""Each row of the table of targets before a real receiver, and a look at what that has got."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from privyseal.clock import SystemClock
from privyseal.events.ports import Target
from privyseal.events.subscriptions import Recipient
from privyseal.targets import TARGETS
from privyseal.targets.command import CommandTarget
from privyseal.targets.eventbridge import EventBridgeTarget
from privyseal.targets.file import FileTarget
from privyseal.targets.nats import NatsTarget
from privyseal.targets.python_handler import PythonHandlerTarget, ServiceAccess
from privyseal.targets.smtp import SmtpTarget
from privyseal.targets.sns import SnsTarget
from privyseal.targets.sqs import SqsTarget
from privyseal.targets.webhook import WebhookTarget
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture
from tests.targets.gate import Gate, gate
from tests.targets.http_receiver import receiver
from tests.targets.mail_receiver import mail_server
from tests.targets.nats_server import SUBJECT, nats_server
from tests.targets.own_ca import OwnCa

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]

REGION = "us-east-1"
SECRET = b"whsec_" + b"c2VjcmV0IG9mIGEgd2ViaG9vaywgMzIgYnl0ZXMhIQ=="
Event = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """`received` are the events that have arrived, each once for every time; `break_it` makes the receiver
    fail, `mend` work again.
    """

    target: Target
    received: Callable[[], Sequence[Event]]
    break_it: Callable[[], None]
    mend: Callable[[], None]


@pytest.fixture(name="own_ca")
def own_ca_fixture(tmp_path: Path) -> OwnCa:
    return OwnCa(tmp_path)


@pytest.fixture(name="closing")
def closing_fixture() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=sorted(TARGETS))
def bench(request: pytest.FixtureRequest, tmp_path: Path, closing: ExitStack) -> Bench:
    made = Benches(request, tmp_path, closing)
    makers: dict[str, Callable[[], Bench]] = {
        "command": made.command,
        "eventbridge": made.eventbridge,
        "file": made.file,
        "nats": made.nats,
        "python-handler": made.python_handler,
        "smtp": made.smtp,
        "sns": made.sns,
        "sqs": made.sqs,
        "webhook": made.webhook,
    }
    return makers[request.param]()


def lines(file: Path) -> list[Event]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class Benches:
    def __init__(self, request: pytest.FixtureRequest, folder: Path, closing: ExitStack) -> None:
        self._request = request
        self._folder = folder
        self._closing = closing

    def file(self) -> Bench:
        path = self._folder / "new" / "events.jsonl"

        def break_it() -> None:
            path.parent.parent.mkdir(exist_ok=True)
            path.parent.write_text("a file where the folder should be")

        return Bench(
            FileTarget("t", path=str(path)),
            lambda: lines(path) if path.parent.is_dir() else [],
            break_it,
            path.parent.unlink,
        )

    def command(self) -> Bench:
        program, got, flag = self._folder / "take.py", self._folder / "got", self._folder / "broken"
        program.write_text(
            "import os, sys\n"
            "if os.path.exists(sys.argv[2]): sys.exit('no room')\n"
            "text = sys.stdin.buffer.read()\n"
            "os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT), text)\n"
        )
        target = CommandTarget("t", command=(sys.executable, str(program), str(got), str(flag)))
        return Bench(target, lambda: lines(got), flag.touch, flag.unlink)

    def python_handler(self) -> Bench:
        file, got, flag = self._folder / "take.py", self._folder / "got", self._folder / "broken"
        file.write_text(
            "import json, os\n"
            "def lambda_handler(event, context):\n"
            f"    if os.path.exists({str(flag)!r}): raise RuntimeError('no room')\n"
            f"    got = os.open({str(got)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
            "    os.write(got, json.dumps(event).encode() + b'\\n')\n"
        )
        access = ServiceAccess("http://127.0.0.1:1", REGION, "111122223333")
        target = PythonHandlerTarget("t", file=str(file), access=lambda: access)
        return Bench(target, lambda: lines(got), flag.touch, flag.unlink)

    def webhook(self) -> Bench:
        http = self._closing.enter_context(receiver())
        door = self._gate(http.port)
        url = f"http://127.0.0.1:{door.port}/hook"
        target = WebhookTarget("t", url=url, secret=SECRET, clock=SystemClock(), allow_private=True)
        return self._behind(door, target, lambda: [json.loads(each.body) for each in http.posted])

    def smtp(self) -> Bench:
        mailbox = self._closing.enter_context(mail_server())
        door = self._gate(mailbox.port)
        target = SmtpTarget(
            "t",
            host="127.0.0.1",
            port=door.port,
            security="insecure",
            sender="pki@example.com",
            recipient=lambda each: Recipient(each, "ops@example.com", "http://localhost/end"),
            clock=SystemClock(),
        )

        def received() -> list[Event]:
            texts = [mail.get_content() for _, mail in mailbox.mails]
            return [json.loads(text[text.index("{") : text.rindex("}") + 1]) for text in texts]

        return self._behind(door, target, received)

    def nats(self) -> Bench:
        server = self._closing.enter_context(nats_server(self._folder))
        door = self._gate(server.port)
        target = NatsTarget("t", url=f"nats://127.0.0.1:{door.port}", subject=SUBJECT)
        return self._behind(door, target, lambda: [event for event, _ in server.messages()])

    def sqs(self) -> Bench:
        url, door = self._aws()
        queue = Queue(url, "events")
        where = f"http://127.0.0.1:{door.port}"
        target = SqsTarget("t", queue_url=queue.url, region=REGION, endpoint_url=where)
        return self._behind(door, target, queue.received)

    def sns(self) -> Bench:
        url, door = self._aws()
        queue, sns = Queue(url, "events"), aws("sns", url)
        topic = sns.create_topic(Name="events")["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=raw)
        target = SnsTarget("t", topic_arn=topic, endpoint_url=f"http://127.0.0.1:{door.port}")
        return self._behind(door, target, queue.received)

    def eventbridge(self) -> Bench:
        url, door = self._aws()
        queue, events = Queue(url, "events"), aws("events", url)
        events.create_event_bus(Name="certificates")
        pattern = json.dumps({"source": ["privyseal.acm"]})
        events.put_rule(Name="all", EventBusName="certificates", EventPattern=pattern)
        targets = [{"Id": "q", "Arn": queue.arn}]
        events.put_targets(Rule="all", EventBusName="certificates", Targets=targets)
        where = f"http://127.0.0.1:{door.port}"
        target = EventBridgeTarget("t", bus="certificates", region=REGION, endpoint_url=where)
        return self._behind(door, target, queue.received)

    def _aws(self) -> tuple[str, Gate]:
        url: str = self._request.getfixturevalue("empty_moto")
        port = urlsplit(url).port
        assert port
        return url, self._gate(port)

    def _gate(self, port: int) -> Gate:
        return self._closing.enter_context(gate(port))

    @staticmethod
    def _behind(door: Gate, target: Target, received: Callable[[], Sequence[Event]]) -> Bench:
        def turn(*, is_open: bool) -> None:
            door.open = is_open

        return Bench(target, received, lambda: turn(is_open=False), lambda: turn(is_open=True))


def aws(service: str, url: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)


class Queue:
    """A queue of moto's, and all that was ever in it."""

    def __init__(self, url: str, name: str, **attributes: str) -> None:
        self._sqs = aws("sqs", url)
        self.url: str = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        told = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = told["Attributes"]["QueueArn"]
        self.messages: list[dict[str, Any]] = []

    def received(self) -> list[Event]:
        asked = {"QueueUrl": self.url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while found := self._sqs.receive_message(**asked).get("Messages"):
            self.messages += found
            for each in found:
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in self.messages]
