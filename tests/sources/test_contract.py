"""The contract of `devices.ports.DeviceSource`, over every list that there is."""

import pytest

from privyseal.devices.model import ListedDevice
from privyseal.errors import ErrorCode, PrivySealError
from tests.sources.conftest import List


def test_a_row_is_found_as_it_stands(listed: List) -> None:
    listed.put("a", "KEY", status="suspended", batch="lot 7")
    listed.put("b", "no key at all")
    assert listed.source.find("a") == ListedDevice("a", "KEY", "suspended", "lot 7")
    assert listed.source.find("b") == ListedDevice("b", "no key at all")


@pytest.mark.parametrize("other", ["A", "a ", "b", "a%", "ä"])
def test_ids_are_compared_exactly(listed: List, other: str) -> None:
    listed.put("a", "KEY")
    assert listed.source.find(other) is None


def test_all_rows_come_once(listed: List) -> None:
    """More than one answer of the list has."""
    ids = {f"sensor-{n:03}" for n in range(300)}
    for each in ids:
        listed.put(each, "K" * 8000)  # DynamoDB answers with at most 1 MB
    rows = [row for row in listed.source.rows() if isinstance(row, ListedDevice)]
    assert len(rows) == len(ids)
    assert {row.device_id for row in rows} == ids
    assert listed.source.count() == len(ids)


def test_a_row_that_cannot_be_read_does_not_hide_its_neighbours(listed: List) -> None:
    listed.put("a", "KEY")
    listed.spoil("b")
    listed.put("c", "KEY")
    rows = list(listed.source.rows())
    assert {row.device_id for row in rows if isinstance(row, ListedDevice)} == {"a", "c"}
    (error,) = (row for row in rows if isinstance(row, PrivySealError))
    assert error.code is ErrorCode.VALIDATION
    with pytest.raises(PrivySealError) as caught:
        listed.source.find("b")
    assert caught.value.code is ErrorCode.VALIDATION


def test_a_list_that_cannot_be_asked_is_unavailable(listed: List) -> None:
    for ask in (lambda: listed.unreachable.find("a"), lambda: next(iter(listed.unreachable.rows()))):
        with pytest.raises(PrivySealError) as caught:
            ask()
        assert caught.value.code is ErrorCode.UNAVAILABLE
