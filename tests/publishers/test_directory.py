"""Buckets as folders: who can read them, and what a disk that fails leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.publishers.directory import DirectoryPublisher
from privyseal.publishers.object_names import check_bucket_name, key_segments

KEY = "audit-report/a/b.csv"


def test_every_name_that_could_be_a_bucket_is_one(tmp_path: Path) -> None:
    publisher = DirectoryPublisher(tmp_path / "buckets")
    for bucket in ("abc", "a.b.c", "1-2", "a" * 63, "amzn-s3-demo-bucket"):
        publisher.check(bucket)
        publisher.put(bucket, "x", [b"y"], "text/plain")
        assert (tmp_path / "buckets" / bucket / "x").read_bytes() == b"y"


def test_objects_are_for_their_owner_alone(tmp_path: Path) -> None:
    DirectoryPublisher(tmp_path / "buckets").put("reports", KEY, [b"x"], "text/csv")
    made = [path for path in tmp_path.rglob("*") if path != tmp_path]
    modes = {path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in made}
    assert modes.pop(f"buckets/reports/{KEY}") == 0o600
    assert set(modes) == {
        "buckets",
        "buckets/reports",
        "buckets/reports/audit-report",
        "buckets/reports/audit-report/a",
    }
    assert not any(mode & 0o022 for mode in modes.values())


def test_readers_see_the_older_object_until_the_newer_is_complete(tmp_path: Path) -> None:
    publisher = DirectoryPublisher(tmp_path)
    publisher.put("reports", KEY, [b"older"], "text/csv")
    place = tmp_path / "reports" / KEY
    seen = []

    def content() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(place.read_bytes())
            yield b"newer"

    publisher.put("reports", KEY, content(), "text/csv")
    assert seen == [b"older"] * 3
    assert place.read_bytes() == b"newer" * 3


@pytest.mark.parametrize("obstacle", ["reports", "reports/audit-report", "reports/audit-report/a"])
def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, obstacle: str) -> None:
    file = tmp_path / obstacle
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"in the way")
    with pytest.raises(PrivySealError) as refusal:
        DirectoryPublisher(tmp_path).put("reports", KEY, [b"x"], "text/csv")
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert str(tmp_path) not in refusal.value.message


def test_a_place_that_is_taken_by_a_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "reports" / KEY / "below").mkdir(parents=True)
    with pytest.raises(PrivySealError) as refusal:
        DirectoryPublisher(tmp_path).put("reports", KEY, [b"x"], "text/csv")
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []


def test_a_disk_that_is_full_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    """The system's own always-full device stands in for the disk: its error comes from the content."""

    def content() -> Iterator[bytes]:
        yield b"first"
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"second")

    with pytest.raises(PrivySealError) as refusal:
        DirectoryPublisher(tmp_path).put("reports", KEY, content(), "text/csv")
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@given(st.text(max_size=70), st.text(max_size=70))
def test_no_name_leads_out_of_the_folder(bucket: str, key: str) -> None:
    """What is accepted is below the folder: no segment means anything to a file system."""
    try:
        check_bucket_name(bucket)
        segments = [bucket, *key_segments(key)]
    except PrivySealError as error:
        assert error.code is ErrorCode.INVALID_ARGUMENT  # noqa: PT017 - either outcome is right
    else:
        assert not {"", ".", ".."} & set(segments)
        assert not any("/" in each or "\0" in each for each in segments)
        assert "/".join(segments[1:]) == key
