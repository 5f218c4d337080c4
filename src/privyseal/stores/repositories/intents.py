"""`devices.identity_ports.Intents` in SQL."""

from datetime import datetime

from privyseal.devices.identity_ports import Intent
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, time_of, to_micros

_Q = queries("issuing_intent")


class SqlIntents:
    def find(self, tx: Tx, token: str) -> Intent | None:
        row = sql(tx).row(_Q["find"], token=token)
        if row is None:
            return None
        issued = None
        if row["arn"] is not None:
            issued = IssuedDeviceCertificate(row["certificate"], row["chain"], row["arn"])
        return Intent(
            token, row["csr_digest"], time_of(row["began_at"]), time_of(row["leased_until"]), issued
        )

    def put(self, tx: Tx, intent: Intent) -> None:
        issued = intent.issued
        sql(tx).change(
            _Q["put"],
            token=intent.token,
            csr_digest=intent.csr_digest,
            began_at=to_micros(intent.began_at),
            leased_until=to_micros(intent.leased_until),
            arn=issued.arn if issued else None,
            certificate=issued.certificate if issued else None,
            chain=issued.chain if issued else None,
        )

    def drop(self, tx: Tx, token: str) -> None:
        sql(tx).change(_Q["drop"], token=token)

    def prune(self, tx: Tx, until: datetime, limit: int) -> int:
        return sql(tx).change(_Q["prune"], until=to_micros(until), limit=limit)
