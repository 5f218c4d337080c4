"""The running service: an address is subscribed, confirms, gets events, ends it. And a start that fails."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.service import COMMAND, Service, clean_environment, patience
from tests.targets.mail_receiver import Mailbox, mail_server
from tests.targets.running import is_running

ADDRESS = "ops@example.com"
SETTINGS = """
[rules.issued]
pattern = '{{"detail-type": ["ACM Private CA Certificate Issuance"]}}'
targets = ["ops"]

[targets.ops]
type = "smtp"
host = "127.0.0.1"
port = {port}
security = "insecure"
sender = "pki@example.com"
"""


@pytest.fixture(name="mailbox")
def mailbox_fixture() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture(name="service")
def service_fixture(tmp_path: Path, mailbox: Mailbox) -> Iterator[Service]:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "privyseal.toml").write_text(SETTINGS.format(port=mailbox.port))
    made = Service(data)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def command(service: Service, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words, "--data-dir", str(service.data_dir)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        cwd=service.data_dir,
    )


def said(service: Service, *words: str) -> Any:
    done = command(service, *words, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for(what: Callable[[], Any], service: Service) -> Any:
    until = time.monotonic() + patience(30)
    while not (found := what()):
        assert time.monotonic() < until, service.log.read_text()[-4000:]
        time.sleep(0.05)
    return found


def link(mail: EmailMessage) -> str:
    found = re.search(r"https?://\S+/subscriptions/\S+", mail.get_content())
    assert found
    return found[0]


def test_an_address_confirms_gets_events_and_ends_it(service: Service, mailbox: Mailbox) -> None:
    made = said(service, "events", "subscribe", "ops", ADDRESS)
    assert (made["state"], made["address"]) == ("PENDING", ADDRESS)
    command(service, "issue", "--cn", "before.example")
    with urlopen(Request(link(mailbox.mails[0][1]), method="POST")) as answer:
        assert answer.status == 200
    (listed,) = said(service, "events", "subscriptions")["subscriptions"]
    assert (listed["id"], listed["state"]) == (made["id"], "CONFIRMED")

    command(service, "issue", "--cn", "after.example")
    wait_for(lambda: len(mailbox.mails) >= 2, service)
    to, mail = mailbox.mails[-1]
    assert to == ADDRESS
    assert "ACM Private CA Certificate Issuance" in mail["Subject"]

    with urlopen(Request(link(mail), method="POST")) as answer:
        assert answer.status == 200
    assert said(service, "events", "subscriptions") == {"subscriptions": []}
    seen = len(mailbox.mails)
    other = said(service, "events", "subscribe", "ops", "other@example.com")
    assert said(service, "events", "unsubscribe", other["id"]) == {"id": other["id"]}
    assert len(mailbox.mails) == seen + 1


def test_a_subscriber_with_a_full_mailbox_costs_the_others_nothing(
    service: Service, mailbox: Mailbox
) -> None:
    """They have every mail at once; that one gets each of them when there is room, and nobody any twice."""
    for name in ("full", "other"):
        said(service, "events", "subscribe", "ops", f"{name}@example.com")
        with urlopen(Request(link(mailbox.mails[-1][1]), method="POST")) as answer:
            assert answer.status == 200
    mailbox.refusals = {"full@example.com": "452 mailbox full"}
    for name in ("one", "two"):
        command(service, "issue", "--cn", f"{name}.example")

    def got(name: str) -> set[str]:
        mails = [mail["Message-ID"] for to, mail in mailbox.mails[2:] if to == f"{name}@example.com"]
        assert len(mails) == len(set(mails))
        return set(mails)

    wait_for(lambda: len(got("other")) == 2, service)
    assert got("full") == set()
    mailbox.refusals = {}
    wait_for(lambda: len(got("full")) == 2, service)
    assert len(got("other")) == 2


def test_what_cannot_be_subscribed_is_said_in_one_line(service: Service) -> None:
    for words, why in (
        (("ops", "nobody"), "is not an e-mail address"),
        (("nowhere", ADDRESS), "of type smtp"),
    ):
        done = command(service, "events", "subscribe", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr
    done = command(service, "events", "unsubscribe", "none")
    assert (done.returncode, "no subscription" in done.stderr) == (1, True)


def test_a_secret_that_others_can_read_ends_the_start(tmp_path: Path) -> None:
    data, secret = tmp_path / "data", tmp_path / "secret"
    data.mkdir(mode=0o700)
    secret.write_text("whsec_c2VjcmV0IG9mIGEgd2ViaG9vaywgMzIgYnl0ZXMhIQ==")
    secret.chmod(0o644)
    (data / "privyseal.toml").write_text(
        f'[targets.hook]\ntype = "webhook"\nurl = "https://hooks.example"\nsecret-file = "{secret}"\n'
    )
    with pytest.raises(AssertionError, match=r"error: .*\[targets.hook\].*chmod 600") as ended:
        Service(data).start()
    assert "Traceback" not in str(ended.value)


def test_a_stop_ends_a_handler_and_the_next_start_calls_it_again(tmp_path: Path) -> None:
    """Within the ten seconds that a stop may take, with the same request id."""
    data, function = tmp_path / "data", tmp_path / "function.py"
    data.mkdir(mode=0o700)
    function.write_text(
        "import os, time\n"
        "def lambda_handler(event, context):\n"
        f"    with open({str(tmp_path / 'calls')!r}, 'a') as calls:\n"
        "        print(os.getpid(), context.aws_request_id, file=calls)\n"
        f"    while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
        f"    open({str(tmp_path / 'done')!r}, 'w').close()\n"
    )
    (data / "privyseal.toml").write_text(
        '[rules.all]\npattern = \'{"detail-type": ["ACM Private CA Certificate Issuance"]}\'\n'
        f'targets = ["f"]\n[targets.f]\ntype = "python-handler"\nfile = "{function}"\ntimeout-seconds = 120\n'
    )

    def calls() -> list[list[str]]:
        file = tmp_path / "calls"
        return [line.split() for line in file.read_text().splitlines()] if file.exists() else []

    service = Service(data)
    try:
        service.start()
        seen = len(wait_for(calls, service))
        assert service.stop() == 0
        wait_for(lambda: not any(is_running(int(pid)) for pid, _ in calls()), service)
        (tmp_path / "go").touch()
        service.start()
        wait_for((tmp_path / "done").exists, service)
        wait_for(lambda: calls()[0][1] in {request for _, request in calls()[seen:]}, service)
        assert service.stop() == 0
    finally:
        service.kill()


def test_what_targets_have_started_ends_with_a_service_that_is_killed(tmp_path: Path) -> None:
    """By kill -9: a program and a handler, each with a child; the next start clears their folders."""
    data, scratch, pids = tmp_path / "data", tmp_path / "scratch", tmp_path / "pids"
    for folder in (data, scratch, pids):
        folder.mkdir(mode=0o700)
    note = (
        "import os, subprocess\ndef lambda_handler(event, context):\n"
        f'    open("{pids}/%s" % os.getpid(), "w").close()\n'
        f'    subprocess.run(["sh", "-c", "> {pids}/$$; sleep 300"])\n'
    )
    (tmp_path / "function.py").write_text(note)
    (tmp_path / "program.py").write_text(f"{note}lambda_handler(None, None)\n")
    (data / "privyseal.toml").write_text(
        '[rules.all]\npattern = \'{"detail-type": ["ACM Private CA Creation"]}\'\ntargets = ["c", "f"]\n'
        f'[targets.c]\ntype = "command"\ncommand = ["{sys.executable}", "{tmp_path}/program.py"]\n'
        f'timeout-seconds = 300\n[targets.f]\ntype = "python-handler"\nfile = "{tmp_path}/function.py"\n'
        "timeout-seconds = 300\n"
    )
    service = Service(data, TMPDIR=str(scratch))
    try:
        service.start()
        wait_for(lambda: len(list(pids.iterdir())) >= 4, service)
        started = [int(each.name) for each in pids.iterdir()]
        left = list(scratch.glob("privyseal-scratch-*"))
        assert left
        service.kill()
        wait_for(lambda: not any(map(is_running, started)), service)
        (data / "privyseal.toml").write_text("")  # nothing that would need a folder
        service.start()
        assert not any(each.exists() for each in left)
        assert service.stop() == 0
    finally:
        service.kill()
