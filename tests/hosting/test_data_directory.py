"""The data directory: for its owner alone, one service at a time, and never without its key."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from privyseal.clock import SystemClock
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.data_directory import DataDirectory
from privyseal.stores.sqlite import SqliteStore

PLACE = {"table": "t", "row": "r", "column": "c"}
ROOT = Path(__file__).resolve().parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(name="directory")
def directory_fixture(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "new" / "data")
    made.prepare()
    return made


def assert_unusable(error: pytest.ExceptionInfo[PrivySealError], directory: DataDirectory, why: str) -> None:
    assert error.value.code is ErrorCode.UNAVAILABLE
    assert str(directory.path) in error.value.message
    assert why in error.value.message


def test_everything_in_it_is_for_its_owner_alone(directory: DataDirectory) -> None:
    """Although the process began with a umask that lets others read."""
    directory.wrapper()
    directory.write_environment({"url": "http://127.0.0.1:8700"})
    write_file(directory.tls_key, [b"key"])
    write_file(directory.bundle, [b"pem"])
    store = SqliteStore(directory.database, SystemClock())
    store.migrate()
    with directory.locked():
        found = {path.relative_to(directory.path): path for path in directory.path.rglob("*")}
        assert {"kek", "environment.json", "privyseal.db", "privyseal.db-wal", "lock"} <= set(map(str, found))
        for path in (directory.path, *found.values()):
            assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    store.close()


def test_preparing_again_keeps_what_is_there(directory: DataDirectory) -> None:
    write_file(directory.bundle, [b"pem"])
    directory.prepare()
    assert directory.bundle.read_bytes() == b"pem"


def test_a_path_that_is_a_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        directory = DataDirectory(path)
        with pytest.raises(PrivySealError) as refusal:
            directory.prepare()
        assert_unusable(refusal, directory, "cannot be used")


def test_one_service_at_a_time(directory: DataDirectory) -> None:
    with directory.locked():
        with pytest.raises(PrivySealError) as refusal, DataDirectory(directory.path).locked():
            pytest.fail("two services on one directory")
        assert_unusable(refusal, directory, "already running")
    with directory.locked():
        pass


def test_a_killed_service_leaves_no_lock_behind(directory: DataDirectory) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from privyseal.hosting.data_directory import DataDirectory\n"
        "with DataDirectory(Path(sys.argv[1])).locked():\n"
        "    print('locked', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(directory.path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(PrivySealError), directory.locked():
            pytest.fail("the lock of another process was not seen")
        process.kill()
        process.wait()
        with directory.locked():
            pass


def test_a_lock_that_cannot_be_opened_is_a_clear_error(directory: DataDirectory) -> None:
    (directory.path / "lock").mkdir()
    with pytest.raises(PrivySealError) as refusal, directory.locked():
        pytest.fail("a directory was locked")
    assert_unusable(refusal, directory, "directory")


class TestKeyEncryptionKey:
    def test_it_is_made_once_and_stays(self, directory: DataDirectory) -> None:
        wrapped = directory.wrapper().wrap(b"secret", **PLACE)
        kek = directory.kek.read_bytes()
        assert DataDirectory(directory.path).wrapper().unwrap(wrapped, **PLACE) == b"secret"
        assert directory.kek.read_bytes() == kek

    def test_two_directories_have_two(self, tmp_path: Path) -> None:
        keks = set()
        for name in ("a", "b"):
            directory = DataDirectory(tmp_path / name)
            directory.prepare()
            directory.wrapper()
            keks.add(directory.kek.read_bytes())
        assert len(keks) == 2

    def test_a_missing_one_is_never_replaced_once_there_is_a_database(self, directory: DataDirectory) -> None:
        """A new key would make every stored key unreadable for good, silently."""
        directory.wrapper()
        directory.database.write_bytes(b"")
        directory.kek.unlink()
        with pytest.raises(PrivySealError) as refusal:
            directory.wrapper()
        assert_unusable(refusal, directory, "restore it from the backup")
        assert not directory.kek.exists()

    @pytest.mark.parametrize("content", [b"", b"short", b"x" * 31, b"x" * 33])
    def test_a_damaged_one_is_refused_and_left_as_it_is(
        self, directory: DataDirectory, content: bytes
    ) -> None:
        directory.kek.write_bytes(content)
        with pytest.raises(PrivySealError) as refusal:
            directory.wrapper()
        assert_unusable(refusal, directory, "damaged")
        assert directory.kek.read_bytes() == content

    def test_one_that_cannot_be_read_is_a_clear_error(self, directory: DataDirectory) -> None:
        directory.kek.mkdir()
        with pytest.raises(PrivySealError) as refusal:
            directory.wrapper()
        assert_unusable(refusal, directory, "cannot be read")

    def test_no_error_shows_it(self, directory: DataDirectory) -> None:
        directory.kek.write_bytes(b"hunter2")
        with pytest.raises(PrivySealError) as refusal:
            directory.wrapper()
        assert "hunter2" not in refusal.value.message


class TestEnvironment:
    def test_it_is_read_as_it_was_written(self, directory: DataDirectory) -> None:
        assert directory.read_environment() == {}
        members = {"url": "https://ca.example", "n": 1, "name": "Zürich"}
        directory.write_environment(members)
        assert directory.read_environment() == members

    @pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"5", b'"text"', b"null", b"\xff", b"{} {}"])
    def test_a_damaged_one_is_a_clear_error(self, directory: DataDirectory, content: bytes) -> None:
        directory.environment.write_bytes(content)
        with pytest.raises(PrivySealError) as refusal:
            directory.read_environment()
        assert_unusable(refusal, directory, "environment.json is damaged")
