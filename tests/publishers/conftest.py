"""Each row of the table of publishers, ready to publish, and a look at what it published."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from privyseal.ca.ports import Publisher
from privyseal.publishers import PUBLISHERS
from privyseal.publishers.directory import DirectoryPublisher
from privyseal.publishers.s3 import S3Publisher
from tests.publishers.fake_s3 import FakeS3, fake_s3, only_test_credentials

# The buckets that the contract writes to.
BUCKETS = ("reports", "my.other-bucket.1")


@dataclass(frozen=True)
class Bench:
    """`objects` is what is published now: (bucket, key) → content, whoever else wrote it."""

    publisher: Publisher
    objects: Callable[[], Mapping[tuple[str, str], bytes]]


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_test_credentials(monkeypatch)


@pytest.fixture(name="s3")
def s3_fixture() -> Iterator[FakeS3]:
    with fake_s3() as running:
        running.buckets |= set(BUCKETS)
        yield running


@pytest.fixture(params=sorted(PUBLISHERS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def directory() -> Bench:
        folder = tmp_path / "buckets"
        return Bench(DirectoryPublisher(folder), lambda: _files(folder))

    def s3() -> Bench:
        running: FakeS3 = request.getfixturevalue("s3")
        publisher = S3Publisher(endpoint_url=running.url, region="eu-central-1")
        return Bench(publisher, lambda: {place: content for place, (content, _) in running.objects.items()})

    makers: dict[str, Callable[[], Bench]] = {"directory": directory, "s3": s3}
    return makers[request.param]()


def _files(folder: Path) -> dict[tuple[str, str], bytes]:
    """Every file below, also one that should not be there."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    places = [path.relative_to(folder).parts for path in found]
    return {
        (bucket, "/".join(key)): path.read_bytes() for (bucket, *key), path in zip(places, found, strict=True)
    }
