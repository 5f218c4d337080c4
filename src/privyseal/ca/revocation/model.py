"""The records of revocation: frozen values, as they are stored."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a CRL says of one certificate. `entry` is encoded once, when the certificate is revoked;
    making a CRL joins entries.
    """

    authority_id: str
    partition: str  # the CRL partition that the certificate names; empty where it names none
    serial: int
    not_after: datetime  # of the certificate
    revoked_at: datetime  # or released; a moment of the authority (`ports.Crls.next_moment`)
    entry: bytes  # DER, an element of revokedCertificates (RFC 5280 §5.1)


@dataclass(frozen=True, slots=True)
class Crl:
    """One CRL that is to be: the lease of who makes it, and what was published last."""

    authority_id: str
    partition: str  # empty: the complete one
    changes: int  # counts what happened that the next one has to say
    changed_at: datetime | None  # the last moment that was taken: of a change, or of beginning to make it
    attempts: int  # how often one was begun; who is not the last one publishes nothing
    failures: int  # in a row
    number: int  # 0: none was published yet
    made_at: datetime | None  # the moment up to which everything is in it
    this_update: datetime | None
    base: int | None  # number of the complete one that deltas are to
    base_made_at: datetime | None
    base_update: datetime | None  # its thisUpdate
    points: tuple[str, ...]  # the URLs that certificates of a partition name: one, until settings change

    @property
    def name(self) -> str:
        """Of its file, without `.crl`."""
        return self.partition or self.authority_id


@dataclass(frozen=True, slots=True)
class CrlDocument:
    """An encoded CRL: `head`, the entries in `chunks` chunks that are stored under its id, `tail`."""

    id: str
    name: str
    delta: bool
    authority_id: str
    partition: str
    number: int
    this_update: datetime
    next_update: datetime
    size: int  # octets of all of it
    chunks: int
    head: bytes
    tail: bytes
