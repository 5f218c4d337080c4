"""Each row of the table of sinks, and a look at what it keeps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from privyseal.events.ports import Sink
from privyseal.sinks import SINKS
from privyseal.sinks.directory import FILE, DirectorySink
from privyseal.sinks.s3 import S3Sink
from tests.audit.world import World
from tests.publishers.fake_s3 import FakeS3, fake_s3, only_test_credentials

BUCKET = "checkpoints"


@dataclass(frozen=True)
class Bench:
    """`open` gives a sink on the same place, as after a restart; `kept` are its lines, in their order;
    `break_it` makes it fail, and `mend` work again.
    """

    open: Callable[[], Sink]
    kept: Callable[[], Sequence[str]]
    break_it: Callable[[], None]
    mend: Callable[[], None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_test_credentials(monkeypatch)


@pytest.fixture(name="s3")
def s3_fixture() -> Iterator[FakeS3]:
    with fake_s3() as running:
        running.buckets = {BUCKET}
        yield running


@pytest.fixture(params=sorted(SINKS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def directory() -> Bench:
        folder = tmp_path / "new" / "audit"

        def kept() -> Sequence[str]:
            return (folder / FILE).read_text().splitlines() if folder.exists() else []

        def break_it() -> None:
            folder.parent.mkdir(exist_ok=True)
            folder.write_text("a file where the folder should be")

        return Bench(lambda: DirectorySink(folder), kept, break_it, folder.unlink)

    def s3() -> Bench:
        running: FakeS3 = request.getfixturevalue("s3")

        def kept() -> Sequence[str]:
            return [content.decode().rstrip("\n") for _, (content, _) in sorted(running.objects.items())]

        def break_it() -> None:
            running.refusals[BUCKET] = (403, "AccessDenied")

        def opened() -> Sink:
            return S3Sink(BUCKET, "trail", endpoint_url=running.url, region="eu-central-1")

        return Bench(opened, kept, break_it, running.refusals.clear)

    makers: dict[str, Callable[[], Bench]] = {"directory": directory, "s3": s3}
    return makers[request.param]()
