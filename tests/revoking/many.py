"""Very many real certificates in little time: one that the service has issued, signed again and again by
its authority's key with another serial number.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.model import Certificate
from privyseal.clock import SystemClock
from privyseal.hosting.data_directory import DataDirectory
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.names import CertificateArn
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.sqlite import SqliteStore
from privyseal.value import changed
from privyseal.x509 import der

BATCH = 5000


class Database:
    """The database of a data directory, opened beside the service."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = DataDirectory(data_dir)
        self.store = SqliteStore(self.directory.database, SystemClock())
        self.keys = SoftwareKeyStore(self.directory.wrapper())

    def close(self) -> None:
        self.store.close()

    def multiply(self, arn: str, count: int) -> set[int]:
        """Add `count` certificates like the one of that ARN; their serial numbers."""
        found = CertificateArn.parse(arn)
        key = found.authority.id, found.serial
        row = self.store.view(lambda tx: REPOSITORIES.certificates.find_many(tx, [key]))[key]
        rows = list(self._copies(row, count))
        for start in range(0, count, BATCH):
            part = rows[start : start + BATCH]
            self.store.transact(lambda tx, batch=part: REPOSITORIES.certificates.insert_many(tx, batch))  # type: ignore[misc]
        return {each.serial for each in rows}

    def _copies(self, row: Certificate, count: int) -> Iterator[Certificate]:
        authority = self.store.view(lambda tx: REPOSITORIES.authorities.find(tx, row.authority_id))
        assert authority is not None
        key = self.keys.open(row.authority_id, authority.key)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        to_be_signed = x509.load_der_x509_certificate(row.der).tbs_certificate_bytes
        _, algorithm, _ = der.single(row.der, der.SEQUENCE).children()
        serial = der.integer(row.serial)
        head, tail = to_be_signed.split(serial)
        for number in range(count):
            # The first octets stay, so that the number is positive and as long as before.
            other = serial[:4] + os.urandom(len(serial) - 4)
            tbs = head + other + tail
            signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
            yield changed(
                row,
                serial=int.from_bytes(other[2:]),
                der=der.sequence(tbs, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + signature)),
                issued_at=row.issued_at + number * timedelta(microseconds=1),
                token=None,
            )
