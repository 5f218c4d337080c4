"""A broker's files and who is told of them: also when something is missing, fails, or happens twice."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.registrars.mosquitto import BrokerCrl, MosquittoRegistrar
from privyseal.registrars.mosquitto_reload import told_by
from tests.mqtt.pki import Authority, Device, pem
from tests.programs import program

ROOT = Authority("Root")
ISSUING = Authority("Issuing", ROOT)


class World:
    """What is true, and how often the broker was told. `failing`: it cannot be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.barred: list[str] = []
        self.crls: list[BrokerCrl] = [ISSUING.crl()]
        self.told = 0
        self.failing = False
        self.registrar = self.another()

    def another(self) -> MosquittoRegistrar:
        """As another process has one."""
        return MosquittoRegistrar(
            self.folder,
            endpoint="broker.example:8883",
            roots=lambda: pem(ROOT.certificate).decode(),
            crls=lambda: list(self.crls),
            barred=lambda: list(self.barred),
            tell=self._tell,
            topics=("devices/%u/#", "fleet/%u"),
        )

    def _tell(self) -> None:
        if self.failing:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "nobody is there")
        self.told += 1

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.folder.iterdir()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "files")


def device(device_id: str = "sensor-1", authority: Authority = ISSUING) -> Device:
    return Device(Path(), device_id, authority)


def test_registering_and_withdrawing_again_changes_nothing_and_tells_nobody(world: World) -> None:
    registration = device().registration
    for _ in range(3):
        assert world.registrar.register(registration) == ""
        world.registrar.withdraw(registration)
        world.another().register(registration)
    assert world.told == 1
    assert world.registrar.endpoint() == "broker.example:8883"
    assert world.files["ca.pem"] == pem(ROOT.certificate).decode()
    assert world.files["acl"] == "pattern readwrite devices/%u/#\npattern readwrite fleet/%u\n"


def test_the_broker_is_told_once_for_each_change(world: World) -> None:
    world.registrar.refresh()
    world.barred = ["b b", "a", "wild+card"]
    world.registrar.refresh()
    world.another().refresh()
    assert world.told == 2
    assert world.files["acl"].endswith("\n\nuser a\ntopic deny #\n\nuser b b\ntopic deny #\n")
    world.crls = [ISSUING.crl()]
    world.registrar.refresh()
    assert world.told == 3


@pytest.mark.parametrize("device_id", ["a+b", "#", "plant/#"])
def test_an_id_that_the_broker_takes_for_a_wildcard_is_refused(world: World, device_id: str) -> None:
    with pytest.raises(PrivySealError, match="wildcards") as raised:
        world.registrar.register(device(device_id).registration)
    assert raised.value.code is ErrorCode.VALIDATION
    assert not world.folder.exists()


def test_nothing_is_registered_that_the_broker_does_not_know_of(world: World) -> None:
    """Its first CRL has to be there, and the broker told; one that was told of it may be down later."""
    world.crls, world.failing = [], True
    for _ in range(2):
        with pytest.raises(PrivySealError, match="Try again") as raised:
            world.registrar.register(device().registration)
        assert raised.value.code is ErrorCode.UNAVAILABLE
        world.crls = [ISSUING.crl()]
    world.failing = False
    world.registrar.register(device().registration)
    world.failing = True
    world.another().register(device("sensor-2").registration)
    assert world.told == 1


def test_a_broker_that_could_not_be_told_is_told_later(world: World) -> None:
    """By whichever process looks next, though nothing has changed since."""
    world.registrar.refresh()
    world.barred, world.failing = ["a"], True
    world.registrar.refresh()
    assert ".untold" in world.files
    world.failing = False
    world.another().refresh()
    assert world.told == 2
    assert ".untold" not in world.files


def test_a_crash_in_the_middle_is_repaired_by_the_next_look(world: World) -> None:
    """Between two files: the broker is told when all of them are there."""
    world.registrar.refresh()
    good, world.barred = world.crls, ["a"]

    def cut_short() -> bytes:
        raise PrivySealError(ErrorCode.UNAVAILABLE, "replaced")

    world.crls = [BrokerCrl("new", good[0].issuer, cut_short)]
    with pytest.raises(PrivySealError, match="replaced"):
        world.registrar.refresh()
    assert world.told == 1
    world.crls = good
    world.another().refresh()
    assert world.told == 2
    assert "user a" in world.files["acl"]


def test_without_a_crl_the_one_before_stays(world: World) -> None:
    """A broker that reads an empty file does not start."""
    world.registrar.refresh()
    before = world.files["crl.pem"]
    world.crls = []
    world.registrar.refresh()
    assert world.files["crl.pem"] == before


def test_processes_that_write_at_once_end_with_what_is_true(world: World) -> None:
    """Whoever writes last has looked last."""
    registrars = [world.another() for _ in range(4)]
    ready = threading.Barrier(len(registrars), timeout=60)

    def work(number: int) -> None:
        ready.wait()
        for turn in range(25):
            world.barred.append(f"device-{number}-{turn}")
            registrars[number].refresh()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(registrars))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.files["acl"].count("topic deny #") == 100
    assert set(world.files) == {"acl", "ca.pem", "crl.pem", ".lock"}


def test_a_folder_that_cannot_be_written_is_an_error_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("not a folder")
    with pytest.raises(PrivySealError, match="cannot be written") as raised:
        World(tmp_path / "files").registrar.refresh()
    assert raised.value.code is ErrorCode.UNAVAILABLE


def test_a_process_that_is_no_broker_is_never_signalled(tmp_path: Path) -> None:
    """SIGHUP would end it: the number in the file may be anybody's by now."""
    pid_file = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        for text in (str(bystander.pid), "", "mosquitto", "0", "-1", str(2**22 + 1)):
            pid_file.write_text(text)
            with pytest.raises(PrivySealError, match="could not be told"):
                told_by(str(pid_file), ())()
        pid_file.unlink()
        with pytest.raises(PrivySealError, match="No such file"):
            told_by(str(pid_file), ())()
        assert bystander.poll() is None
        bystander.kill()


def test_a_broker_that_is_still_starting_is_not_signalled(tmp_path: Path) -> None:
    """Until it has its handler SIGHUP would end it, though it has written its number already."""
    starting = tmp_path / "mosquitto"
    shutil.copy(program("sleep"), starting)
    pid_file = tmp_path / "pid"
    with subprocess.Popen([starting, "60"]) as process:
        pid_file.write_text(str(process.pid))
        with pytest.raises(PrivySealError, match="does not name a mosquitto that is up"):
            told_by(str(pid_file), ())()
        assert process.poll() is None
        process.kill()


def test_a_command_tells_the_broker_instead(tmp_path: Path) -> None:
    """Without a shell; what it says is told when it fails."""
    told_by("", ("touch", str(tmp_path / "a b; c")))()
    assert [path.name for path in tmp_path.iterdir()] == ["a b; c"]
    with pytest.raises(PrivySealError, match=r"status 1: .*no-such-folder"):
        told_by("", ("touch", str(tmp_path / "no-such-folder" / "x")))()
    with pytest.raises(PrivySealError, match="No such file"):
        told_by("", ("no-such-program",))()


@pytest.mark.parametrize(("pid_file", "command"), [("", ()), ("pid", ("true",))])
def test_there_is_one_way_to_tell_it(pid_file: str, command: tuple[str, ...]) -> None:
    with pytest.raises(PrivySealError, match="one of pid-file and reload"):
        told_by(pid_file, command)
