"""`jobs.ports.Jobs` in SQL."""

from collections.abc import Mapping

from privyseal.jobs.model import Standing
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("job")


class SqlJobs:
    def all(self, tx: Tx) -> Mapping[str, Standing]:
        return {row["name"]: _standing(row) for row in sql(tx).rows(_Q["all"])}

    def find(self, tx: Tx, name: str) -> Standing | None:
        row = sql(tx).row(_Q["find"], name=name)
        return _standing(row) if row else None

    def put(self, tx: Tx, row: Standing) -> None:
        sql(tx).change(
            _Q["put"],
            name=row.name,
            next_at=to_micros(row.next_at),
            holder=row.holder,
            until=to_micros(row.until),
            started_at=to_micros(row.started_at),
            ended_at=to_micros(row.ended_at),
            succeeded_at=to_micros(row.succeeded_at),
            runs=row.runs,
            failures=row.failures,
            attempts=row.attempts,
            error=row.error,
        )


def _standing(row: Row) -> Standing:
    return Standing(
        name=row["name"],
        next_at=time_of(row["next_at"]),
        until=time_of(row["until"]),
        holder=row["holder"],
        started_at=from_micros(row["started_at"]),
        ended_at=from_micros(row["ended_at"]),
        succeeded_at=from_micros(row["succeeded_at"]),
        runs=row["runs"],
        failures=row["failures"],
        attempts=row["attempts"],
        error=row["error"],
    )
