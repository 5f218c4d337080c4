"""`ca.revocation.ports.OcspAnswers` in SQL: every read of a batch is one SELECT."""

from collections.abc import Iterable, Mapping, Sequence

from privyseal.ca.revocation.ocsp_model import CertificateStatus, OcspAnswer
from privyseal.names import format_serial
from privyseal.store import Tx
from privyseal.stores.sql import from_micros, queries, sql, time_of, to_micros

_Q = queries("ocsp_answer")


class SqlOcspAnswers:
    def statuses(self, tx: Tx, serials: Iterable[int]) -> Mapping[tuple[str, int], CertificateStatus]:
        rows = sql(tx).rows(_Q["statuses"], serials=[format_serial(each) for each in serials])
        return {
            (row["authority_id"], int(row["serial"], 16)): CertificateStatus(
                from_micros(row["revoked_at"]), row["revocation_reason"]
            )
            for row in rows
        }

    def find_many(self, tx: Tx, serials: Iterable[int]) -> Mapping[tuple[str, bytes], OcspAnswer]:
        wanted = [format_serial(each) for each in serials]
        rows = sql(tx).rows(_Q["by_serials"], serials=wanted, now=to_micros(tx.now))
        return {
            (row["authority_id"], row["cert_id"]): OcspAnswer(
                authority_id=row["authority_id"],
                serial=int(row["serial"], 16),
                cert_id=row["cert_id"],
                key_id=row["key_id"],
                response=row["response"],
                this_update=time_of(row["this_update"]),
                expires_at=time_of(row["expires_at"]),
            )
            for row in rows
        }

    def put_many(self, tx: Tx, answers: Sequence[OcspAnswer]) -> None:
        many = (
            {
                "serial": format_serial(each.serial),
                "authority_id": each.authority_id,
                "cert_id": each.cert_id,
                "key_id": each.key_id,
                "response": each.response,
                "this_update": to_micros(each.this_update),
                "expires_at": to_micros(each.expires_at),
            }
            for each in answers
        )
        sql(tx).change_each(_Q["put"], many)

    def remove_many(self, tx: Tx, keys: Iterable[tuple[str, int]]) -> None:
        many = ({"authority_id": authority, "serial": format_serial(serial)} for authority, serial in keys)
        sql(tx).change_each(_Q["remove"], many)

    def any_expired(self, tx: Tx) -> bool:
        return bool(sql(tx).rows(_Q["any_expired"], now=to_micros(tx.now)))

    def remove_expired(self, tx: Tx, limit: int) -> int:
        row = sql(tx).row(_Q["expired_until"], now=to_micros(tx.now), limit=limit)
        if row is None or row["until"] is None:
            return 0
        return sql(tx).change(_Q["remove_expired"], until=row["until"])
