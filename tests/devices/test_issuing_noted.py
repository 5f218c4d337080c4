"""The environment file names who issues for devices, as the database has it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import Settings
from privyseal.store import Tx
from privyseal.stores.repositories.ca_rotations import SqlSuccessions
from privyseal.wiring.issuing import renamed
from privyseal.wiring.parts import Parts, offline

OLD, NEW = (f"arn:aws:acm-pca:eu-west-3:111122223333:certificate-authority/{each}" for each in "on")


class Slow(DataDirectory):
    """A folder with a write in the middle of which the rotation is given up."""

    parts: Parts | None = None

    def write_environment(self, members: Mapping[str, Any]) -> None:
        parts, self.parts = self.parts, None
        if parts is not None:
            succeed(parts, NEW, OLD)
            renamed(parts)
        super().write_environment(members)


@pytest.fixture(name="directory")
def directory_fixture(tmp_path: Path) -> Slow:
    return Slow(tmp_path)


@pytest.fixture(name="parts")
def parts_fixture(directory: Slow) -> Iterator[Parts]:
    with offline(directory, Settings()) as parts:
        directory.write_environment({"issuing_ca_arn": OLD, "url": "http://localhost"})
        yield parts


def succeed(parts: Parts, before: str, after: str) -> None:
    def write(tx: Tx) -> None:
        SqlSuccessions().remove(tx, after)
        SqlSuccessions().put(tx, before, after)

    parts.store.transact(write)


def test_it_follows_a_switch_and_whoever_gives_it_up_and_keeps_the_rest(parts: Parts) -> None:
    for before, after in ((OLD, NEW), (NEW, OLD)):
        succeed(parts, before, after)
        for _ in range(2):
            renamed(parts)
            assert parts.directory.read_environment() == {"issuing_ca_arn": after, "url": "http://localhost"}


def test_a_write_that_comes_too_late_is_put_right(parts: Parts, directory: Slow) -> None:
    succeed(parts, OLD, NEW)
    directory.parts = parts
    renamed(parts)
    assert directory.read_environment()["issuing_ca_arn"] == OLD


def test_without_an_authority_nothing_is_written(parts: Parts) -> None:
    parts.directory.write_environment({})
    renamed(parts)
    assert parts.directory.read_environment() == {}
