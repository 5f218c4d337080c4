"""What a target starts ends in time, sees nothing of the service, and leaves nothing behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.processes import MAX_OUTPUT, Processes
from privyseal.targets.command import NEVER, CommandTarget
from tests.service import patience
from tests.targets.running import is_running
from tests.targets.samples import attempt, event


def command(folder: Path, code: str, *arguments: str, seconds: float = 10.0) -> CommandTarget:
    program = folder / "program.py"
    program.write_text(code)
    return CommandTarget("t", command=(sys.executable, str(program), *arguments), timeout_seconds=seconds)


def refusal(target: CommandTarget) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(event(), attempt())
    return refused.value


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + patience(10)
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_gets_the_delivery_and_nothing_of_the_services_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of the service")
    got = tmp_path / "got"
    code = "import json, os, sys\nopen(sys.argv[1], 'w').write(json.dumps([dict(os.environ), os.getcwd()]))"
    sent = attempt(3)
    command(tmp_path, code, str(got)).send(event(), sent)
    text = got.read_text()
    assert "a secret" not in text
    assert f'"PRIVYSEAL_DELIVERY": "{sent.delivery}"' in text
    assert '"PRIVYSEAL_ATTEMPT": "3"' in text
    assert text.endswith(', "/"]')


def test_no_shell_reads_its_arguments(tmp_path: Path) -> None:
    got = tmp_path / "got"
    command(
        tmp_path, "import sys\nopen(sys.argv[1], 'w').write(sys.argv[2])", str(got), "$(id); `id` > x"
    ).send(event(), attempt())
    assert got.read_text() == "$(id); `id` > x"


@pytest.mark.parametrize("status", [1, 2, 64, 75, 127, NEVER])
def test_its_status_says_whether_it_is_tried_again(tmp_path: Path, status: int) -> None:
    refused = refusal(command(tmp_path, f"import sys\nprint('no room')\nsys.exit({status})"))
    assert refused.code is (ErrorCode.INVALID_ARGUMENT if status == NEVER else ErrorCode.UNAVAILABLE)
    assert f"status {status}: no room" in refused.message


def test_a_signal_that_ends_it_is_no_success(tmp_path: Path) -> None:
    refused = refusal(command(tmp_path, "import os\nos.kill(os.getpid(), 9)"))
    assert (refused.code, "-9" in refused.message) == (ErrorCode.UNAVAILABLE, True)


@pytest.mark.parametrize("after", ["pass", "import time; time.sleep(60)"])
def test_its_children_end_with_it(tmp_path: Path, after: str) -> None:
    """Whether it ends by itself or is killed: a child that ignores signals and holds its output open too."""
    child = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open(sys.argv[1], 'w').write(str(p.pid))\n{after}\n"
    )
    began = time.monotonic()
    target = command(tmp_path, code, str(tmp_path / "pid"), seconds=1.5)
    if after == "pass":
        target.send(event(), attempt())
    else:
        assert "did not end in 1.5 seconds" in refusal(target).message
    assert time.monotonic() - began < 10
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: not is_running(pid))


STARTING = """
import json, sys
from privyseal.processes import Processes
command = json.loads(sys.argv[1])
Processes().run(command, b"", environment={}, folder="/", seconds=60)
"""
STUBBORN = """
import os, signal, subprocess, sys, time
for number in range(1, 30):
    if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD): signal.signal(number, signal.SIG_IGN)
if len(sys.argv) == 2: subprocess.Popen([sys.executable, *sys.argv, "child"])
with open(sys.argv[1], "a") as file: print(os.getpid(), os.getppid(), file=file, flush=True)
if len(sys.argv) == 2 and sys.argv[0].endswith("stopped.py"): os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["program.py", "stopped.py"])
def test_what_a_service_has_started_ends_when_it_is_killed(tmp_path: Path, name: str) -> None:
    """By kill -9: the program, its child, and what stood guard, though they ignore signals or stand still."""
    program, pids = tmp_path / name, tmp_path / "pids"
    program.write_text(STUBBORN)
    pids.touch()
    words = json.dumps([sys.executable, str(program), str(pids)])
    with subprocess.Popen([sys.executable, "-c", STARTING, words]) as service:
        try:
            wait_for(lambda: len(pids.read_text().splitlines()) == 2)
            running = {int(pid) for pid in pids.read_text().split()}
            assert service.pid not in running
            assert len(running) == 3
            assert all(map(is_running, running))
        finally:
            service.kill()
    wait_for(lambda: not any(map(is_running, running)))


def test_a_program_has_the_signals_of_any_other_and_no_descriptor_of_ours(tmp_path: Path) -> None:
    signals = "while read -r line; do case $line in Sig[BI]*) echo $line; esac; done < /proc/$$/status"
    descriptors = "for each in /proc/$$/fd/*; do echo ${each##*/}; done"
    look = f'{{ {signals}; {descriptors}; }} > "$1"'
    got, plain = tmp_path / "got", tmp_path / "plain"
    CommandTarget("t", command=("/bin/sh", "-c", look, "sh", str(got))).send(event(), attempt())
    subprocess.run(["/bin/sh", "-c", look, "sh", str(plain)], check=True)
    assert _told(got) == _told(plain)


# signal(7): the first two real-time signals, 32 and 33, are glibc's own.
THE_C_LIBRARYS = 0b11 << 31


def _told(file: Path) -> list[str | tuple[str, int]]:
    """The file's lines; sets of signals without those that the C library has for itself."""
    lines = [line.split(maxsplit=1) for line in file.read_text().splitlines()]
    return [(line[0], int(line[1], 16) & ~THE_C_LIBRARYS) if len(line) == 2 else line[0] for line in lines]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL, signal.SIGPIPE])
def test_what_ended_a_program_is_told(number: int) -> None:
    refused = refusal(CommandTarget("t", command=("/bin/sh", "-c", f"kill -{int(number)} $$")))
    assert f"status -{int(number)}:" in refused.message


def test_what_it_writes_is_bounded_and_what_it_does_not_read_is_no_problem(tmp_path: Path) -> None:
    ended = Processes().run(
        (sys.executable, "-c", "import sys\nfor _ in range(1000): sys.stdout.write('x' * 65536)"),
        b"y" * 10_000_000,
        environment={},
        folder=str(tmp_path),
        seconds=20,
    )
    assert (ended.status, ended.output) == (0, "x" * MAX_OUTPUT)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/etc/passwd"])
def test_a_program_that_cannot_be_started_is_tried_again(path: str) -> None:
    refused = refusal(CommandTarget("t", command=(path,)))
    assert (refused.code, "cannot be started" in refused.message) == (ErrorCode.UNAVAILABLE, True)


def test_a_program_without_its_whole_path_is_refused() -> None:
    with pytest.raises(PrivySealError, match="whole path"):
        CommandTarget("t", command=("sh", "-c", "true"))


def test_no_descriptors_are_left_open(tmp_path: Path) -> None:
    target = command(tmp_path, "print('done')")
    target.send(event(), attempt())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        target.send(event(), attempt())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_service_that_stops_does_not_wait(tmp_path: Path) -> None:
    """What runs is ended, its event comes again later, and nothing is started any more."""
    code = "import os, sys, time\nopen(sys.argv[1], 'w').write(str(os.getpid()))\ntime.sleep(60)"
    target = command(tmp_path, code, str(tmp_path / "pid"), seconds=50)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(lambda: refusal(target))
        until = time.monotonic() + 20
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert time.monotonic() < until
            time.sleep(0.01)
        target.close()
        assert sending.result(timeout=5).code is ErrorCode.UNAVAILABLE
    assert not is_running(int((tmp_path / "pid").read_text()))
    assert "stops" in refusal(target).message
