"""What of a certificate can be searched and sorted by: a narrow row of its own, and the port to them.

The certificate itself, with its chain and its key, is read only for the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.options import EXPORT, options_of
from privyseal.managed.renewal import is_eligible
from privyseal.managed.told import KEY_PAIR_ORIGINS
from privyseal.store import Tx
from privyseal.x509.model_certificate import describe


@dataclass(frozen=True, slots=True)
class Searched:
    """One certificate as a search sees it. A time that has not come is None, a text that is not there ""."""

    id: str
    account: str
    region: str
    created_at: datetime
    issued_at: datetime | None
    imported_at: datetime | None
    revoked_at: datetime | None
    not_before: datetime | None
    not_after: datetime | None
    status: str
    renewal_status: str
    eligible: bool
    kind: str
    origin: str  # CertificateKeyPairOrigin
    export_option: str
    exported: bool
    in_use: bool
    key_algorithm: str
    domain: str  # in lower case, as the names are
    serial: str  # as SerialNumber of the service model has it
    names: tuple[str, ...]
    usages: tuple[str, ...]
    purposes: tuple[str, ...]


class SortBy(StrEnum):
    """SearchCertificatesSortBy of the service model, and its column. The id comes after each, so that
    every order is a total one.
    """

    CREATED_AT = "created_at"
    ISSUED_AT = "issued_at"
    IMPORTED_AT = "imported_at"
    REVOKED_AT = "revoked_at"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"
    STATUS = "status"
    RENEWAL_STATUS = "renewal_status"
    RENEWAL_ELIGIBILITY = "eligible"
    EXPORTED = "exported"
    IN_USE = "in_use"
    KEY_ALGORITHM = "key_algorithm"
    TYPE = "kind"
    CERTIFICATE_KEY_PAIR_ORIGIN = "origin"
    EXPORT_OPTION = "export_option"
    COMMON_NAME = "domain"
    CERTIFICATE_ARN = "id"


class Order(NamedTuple):
    by: SortBy
    descending: bool


# Where a row stands in an order: (value of the column, times in microseconds; id).
Place = tuple[int | str, str]
# A time that has not come stands before all others.
NEVER = -(2**62)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Where(NamedTuple):
    account: str
    region: str


class CertificateSearch(Protocol):
    """The rows of one account and region, each query along an index."""

    def walk(self, tx: Tx, where: Where, order: Order, after: Place | None, limit: int) -> Sequence[Searched]:
        """Rows in that order, those after a place."""
        ...

    def by_id(self, tx: Tx, where: Where, certificate_id: str) -> Sequence[Searched]: ...

    def by_serial(self, tx: Tx, where: Where, serial: str, limit: int) -> Sequence[Searched]: ...

    def by_domain(self, tx: Tx, where: Where, domain: str, limit: int) -> Sequence[Searched]: ...

    def by_name(self, tx: Tx, where: Where, name: str, limit: int) -> Sequence[Searched]:
        """Those with that DNS name among their names."""
        ...


def searched(certificate: ManagedCertificate) -> Searched:
    """The row of a certificate."""
    material = certificate.material
    described = describe(material.der) if material else None
    return Searched(
        id=certificate.arn.id,
        account=certificate.arn.account,
        region=certificate.arn.region,
        created_at=certificate.created_at,
        issued_at=certificate.issued_at,
        imported_at=certificate.imported_at,
        revoked_at=certificate.revoked.at if certificate.revoked else None,
        not_before=material.not_before if material else None,
        not_after=material.not_after if material else None,
        status=certificate.status.value,
        renewal_status=certificate.renewal.status.value if certificate.renewal else "",
        eligible=is_eligible(certificate),
        kind=certificate.kind.value,
        origin=KEY_PAIR_ORIGINS[certificate.kind],
        export_option=options_of(certificate)[EXPORT],
        exported=certificate.exported_at is not None,
        in_use=bool(certificate.in_use_by),
        key_algorithm=certificate.key_algorithm,
        domain=certificate.domain.lower(),
        serial=described.serial if described else "",
        names=tuple(dict.fromkeys(name.lower() for name in certificate.names)),
        usages=described.usages if described else (),
        purposes=tuple(name for name, _ in described.purposes) if described else (),
    )


def place_of(row: Searched, order: Order) -> Place:
    value = getattr(row, order.by.value)
    return (value if isinstance(value, str) else _number(value)), row.id


def _number(value: datetime | bool | None) -> int:
    if value is None:
        return NEVER
    return int(value) if isinstance(value, bool) else (value - _EPOCH) // timedelta(microseconds=1)
