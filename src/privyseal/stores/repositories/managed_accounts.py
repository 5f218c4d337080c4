"""`managed.ports.AccountConfigurations` in SQL."""

from privyseal.managed.model import AccountConfiguration
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("managed")


class SqlAccountConfigurations:
    def find(self, tx: Tx, account: str, region: str) -> AccountConfiguration | None:
        return _configuration(sql(tx).row(_Q["find_account"], account=account, region=region))

    def put(self, tx: Tx, configuration: AccountConfiguration) -> None:
        at, certificate_id = configuration.applied_to or (None, None)
        sql(tx).change(
            _Q["put_account"],
            account=configuration.account,
            region=configuration.region,
            days_before_expiry=configuration.days_before_expiry,
            token=configuration.token,
            put_at=to_micros(configuration.put_at),
            applied=int(configuration.applied),
            applied_to_at=to_micros(at),
            applied_to_id=certificate_id,
        )

    def next_unapplied(self, tx: Tx) -> AccountConfiguration | None:
        return _configuration(sql(tx).row(_Q["next_unapplied_account"]))


def _configuration(row: Row | None) -> AccountConfiguration | None:
    if row is None:
        return None
    at, certificate_id = row["applied_to_at"], row["applied_to_id"]
    return AccountConfiguration(
        account=row["account"],
        region=row["region"],
        days_before_expiry=row["days_before_expiry"],
        token=row["token"],
        put_at=time_of(row["put_at"]),
        applied_to=(time_of(at), certificate_id) if at is not None else None,
        applied=bool(row["applied"]),
    )
