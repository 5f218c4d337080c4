"""What all SQL stores share: named queries, lists of parameters, times."""

import sqlite3
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.store import Entry
from privyseal.stores.sql import SqlTx, expand, from_micros, positional, queries, sql, time_of, to_micros

NAMES = sorted(
    each.name.removesuffix(".sql")
    for each in files("privyseal.stores").joinpath("queries").iterdir()
    if each.name.endswith(".sql")
)
times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), timezones=st.just(UTC))


@given(times)
def test_a_time_comes_back_to_the_microsecond(at: datetime) -> None:
    stored = to_micros(at)
    assert stored is not None
    assert from_micros(stored) == time_of(stored) == at


@given(times, times)
def test_stored_times_are_in_the_order_of_the_times(one: datetime, other: datetime) -> None:
    assert (to_micros(one) < to_micros(other)) == (one < other)  # type: ignore[operator]


def test_no_time_is_stored_as_null() -> None:
    assert to_micros(None) is None
    assert from_micros(None) is None


def test_times_are_counted_from_1970() -> None:
    assert to_micros(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)) == 1


def test_a_list_becomes_as_many_placeholders_as_it_has_members() -> None:
    query, values = expand("SELECT * FROM t WHERE a = :a AND b IN (:b...)", {"a": 1, "b": ["x", "y"]})
    assert query == "SELECT * FROM t WHERE a = :a AND b IN (:b_0, :b_1)"
    assert values == {"a": 1, "b_0": "x", "b_1": "y"}


def test_an_empty_list_matches_nothing() -> None:
    assert expand("b IN (:b...)", {"b": []}) == ("b IN (NULL)", {})


def test_a_query_without_a_list_stays_as_it_is() -> None:
    assert expand("SELECT :a", {"a": 1}) == ("SELECT :a", {"a": 1})


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_one_described_statement(name: str) -> None:
    text = files("privyseal.stores").joinpath("queries", f"{name}.sql").read_text()
    for label, statement in queries(name).items():
        assert statement
        assert ";" not in statement
        assert "--" not in statement
        assert f"-- name: {label}\n-- " in text, "the comment that says what it is for is missing"


def test_a_repository_refuses_a_transaction_of_another_kind() -> None:
    class Foreign:
        now = datetime(2026, 1, 1, tzinfo=UTC)

        def record(self, entry: Entry) -> None:
            raise NotImplementedError(entry)

        def invalidate(self) -> None:
            raise NotImplementedError

    with pytest.raises(TypeError, match="Foreign"):
        sql(Foreign())


def test_a_row_that_is_not_there_is_none() -> None:
    connection = sqlite3.connect(":memory:")
    assert SqlTx(datetime(2026, 1, 1, tzinfo=UTC), connection).row("SELECT 1 WHERE 0") is None
    connection.close()


def test_a_statement_takes_its_values_in_the_order_of_its_placeholders() -> None:
    assert positional("VALUES (:a, :b_2)") == "VALUES (?, ?)"
