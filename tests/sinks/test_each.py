"""What only one of the sinks does."""

import stat
import threading
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.sinks.directory import FILE, DirectorySink
from privyseal.sinks.s3 import S3Sink
from tests.publishers.fake_s3 import FakeS3
from tests.sinks.conftest import BUCKET


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    DirectorySink(tmp_path / "audit").put(1, "one")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "audit", tmp_path / "audit" / FILE)}
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize("torn", ["{half", "x" * 200_000, "one"])
def test_a_line_that_a_crash_has_torn_goes_before_the_next(tmp_path: Path, torn: str) -> None:
    """It was never acknowledged, so its checkpoint comes again."""
    file = tmp_path / FILE
    sink = DirectorySink(tmp_path)
    sink.put(1, "one")
    with file.open("a") as open_file:
        open_file.write(torn)
    sink.put(2, "two")
    assert file.read_text() == "one\ntwo\n"


def test_a_file_that_is_one_torn_line_begins_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("half")
    DirectorySink(tmp_path).put(1, "one")
    assert (tmp_path / FILE).read_text() == "one\n"


def test_lines_of_two_processes_stay_whole(tmp_path: Path) -> None:
    """Each opens the file anew, as processes do."""
    lines = [str(number) * 5000 for number in range(10)]

    def write() -> None:
        sink = DirectorySink(tmp_path)
        for line in lines:
            sink.put(1, line)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((tmp_path / FILE).read_text().splitlines()) == sorted(lines * 4)


def test_s3_keys_are_in_the_order_of_numbers(s3: FakeS3) -> None:
    sink = S3Sink(BUCKET, "/audit/trail/", endpoint_url=s3.url, region="eu-central-1")
    for number in (2, 10, 1):
        sink.put(number, str(number))
    places = sorted(s3.objects)
    assert [key.partition("-")[0] for _, key in places] == [
        f"audit/trail/{number:012d}" for number in (1, 2, 10)
    ]
    assert {content_type for _, content_type in s3.objects.values()} == {"application/json"}


def test_without_a_prefix_objects_are_at_the_top(s3: FakeS3) -> None:
    S3Sink(BUCKET, "", endpoint_url=s3.url, region="eu-central-1").put(1, "one")
    ((_, key),) = s3.objects
    assert "/" not in key


def test_a_bucket_that_is_not_there_is_no_reason_to_stop(s3: FakeS3) -> None:
    with pytest.raises(PrivySealError, match="elsewhere") as refusal:
        S3Sink("elsewhere", "", endpoint_url=s3.url, region="eu-central-1").put(1, "one")
    assert refusal.value.code is ErrorCode.UNAVAILABLE


def test_a_profile_that_there_is_not_is_refused() -> None:
    with pytest.raises(PrivySealError, match=r"\[audit\]") as refusal:
        S3Sink(BUCKET, "", profile="nobody")
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT
