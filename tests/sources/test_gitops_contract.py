"""The contract of `serverless.gitops.ports.Source`, over every place where the files can be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import MAX_CSR, Selection
from privyseal.sources import GITOPS_SOURCES
from tests.sources.folders import PLACES, Place

Make = Callable[..., Place]
FILES: dict[str, bytes | None] = {
    "tls.json": b"[]",
    "revoked.json": b"[1]",
    "csrs/a.csr": b"A",
    "csrs/b.csr": b"B",
    "csrs/notes.txt": b"not a CSR",
    "other.json": b"{}",
}


@pytest.fixture(name="make", params=sorted(GITOPS_SOURCES))
def make_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def make(selection: Selection | None = None) -> Place:
        url = request.getfixturevalue("empty_moto") if request.param == "s3" else ""
        return PLACES[request.param](tmp_path, selection or Selection(), url)

    return make


def test_the_folder_is_read_and_nothing_else(make: Make) -> None:
    place = make()
    place.put(FILES)
    found = place.source.snapshot()
    assert found.files == {
        "tls.json": b"[]",
        "revoked.json": b"[1]",
        "csrs/a.csr": b"A",
        "csrs/b.csr": b"B",
    }
    assert not found.problems


def test_a_revision_changes_with_the_files(make: Make) -> None:
    place = make()
    place.put(FILES)
    first = place.source.revision()
    assert place.source.revision() == first == place.source.snapshot().revision
    place.put({"csrs/a.csr": b"other"})
    second = place.source.revision()
    assert second != first
    assert place.source.snapshot().revision == second


def test_what_is_removed_is_gone(make: Make) -> None:
    place = make()
    place.put(FILES)
    place.put({"csrs/a.csr": None})
    assert "csrs/a.csr" not in place.source.snapshot().files


def test_only_what_is_selected_is_read(make: Make) -> None:
    place = make(Selection(("revoked",), ("b.csr",)))
    place.put(FILES)
    assert set(place.source.snapshot().files) == {"revoked.json", "csrs/b.csr"}


def test_a_file_that_is_too_large_is_told_and_left_out(make: Make) -> None:
    place = make()
    place.put({**FILES, "csrs/a.csr": b"x" * (MAX_CSR + 1)})
    found = place.source.snapshot()
    assert "csrs/a.csr" not in found.files
    assert [path for path, _ in found.problems] == ["csrs/a.csr"]
    assert found.files["csrs/b.csr"] == b"B"


def test_a_folder_without_lists_is_a_mistake(make: Make) -> None:
    place = make()
    place.put({"csrs/a.csr": b"A"})
    with pytest.raises(PrivySealError) as caught:
        place.source.snapshot()
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_place_that_is_not_there_is_told(make: Make) -> None:
    place = make()
    for ask in (place.unreachable.snapshot, place.unreachable.revision):
        with pytest.raises(PrivySealError) as caught:
            ask()
        assert caught.value.code in {ErrorCode.NOT_FOUND, ErrorCode.UNAVAILABLE}
