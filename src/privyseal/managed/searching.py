"""SearchCertificates and ListCertificates: a page at a time, along an index.

A page ends when it is full or when so many rows were looked at; then it may be shorter than asked for,
and even empty, and the next one goes on after it. A filter that only what has one ARN, serial number,
common name or DNS name can meet is answered from the index on that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from privyseal.caller import Caller
from privyseal.managed.filters import And, Filter, Has, Is, check, test_of
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.ports import ManagedCertificates
from privyseal.managed.search import CertificateSearch, Order, Place, Searched, Where, place_of
from privyseal.store import Store, Tx

MOST_SEEN = 5000
_CHUNK = 500
# More than that with one name or serial number are walked through instead of sorted in memory.
_MOST_SORTED = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted, in which order, after which place (None: from the start), and how many at most."""

    wanted: Filter
    order: Order
    after: Place | None
    limit: int


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate with its row; both are of one snapshot."""

    certificate: ManagedCertificate
    row: Searched


@dataclass(frozen=True, slots=True)
class Page:
    """`end` is where the next page goes on, None after the last one."""

    found: Sequence[Found]
    end: Place | None


class Searching:
    def __init__(
        self,
        store: Store,
        certificates: ManagedCertificates,
        search: CertificateSearch,
        *,
        most_seen: int = MOST_SEEN,
    ) -> None:
        self._store = store
        self._certificates = certificates
        self._search = search
        self._most_seen = most_seen

    def page(self, caller: Caller, region: str, query: Query) -> Page:
        """The caller's certificates in a region. Raises VALIDATION for a filter that is too large."""
        check(query.wanted)

        def read(tx: Tx) -> Page:
            rows, end = self._rows(tx, Where(caller.account, region), query)
            whole = {each.arn.id: each for each in self._certificates.find_many(tx, [row.id for row in rows])}
            return Page([Found(whole[row.id], row) for row in rows if row.id in whole], end)

        return self._store.view(read)

    def _rows(self, tx: Tx, where: Where, query: Query) -> tuple[list[Searched], Place | None]:
        few = self._few(tx, where, query.wanted)
        if few is None:
            return self._walk(tx, where, query)
        test, order, after = test_of(query.wanted), query.order, query.after
        placed = sorted(((place_of(row, order), row) for row in few if test(row)), key=itemgetter(0))
        if order.descending:
            placed.reverse()
        later = [each for each in placed if after is None or _is_after(each[0], after, order)]
        page = later[: query.limit]
        return [row for _, row in page], page[-1][0] if len(later) > query.limit else None

    def _walk(self, tx: Tx, where: Where, query: Query) -> tuple[list[Searched], Place | None]:
        test, at = test_of(query.wanted), query.after
        found: list[Searched] = []
        for seen in range(0, self._most_seen, _CHUNK):
            size = min(_CHUNK, self._most_seen - seen)
            rows = self._search.walk(tx, where, query.order, at, size)
            for row in rows:
                if test(row):
                    if len(found) == query.limit:  # there is one more: the page ends with the last that fits
                        return found, place_of(found[-1], query.order)
                    found.append(row)
                at = place_of(row, query.order)
            if len(rows) < size:
                return found, None
        return found, at

    def _few(self, tx: Tx, where: Where, wanted: Filter) -> Sequence[Searched] | None:
        """All that can meet the filter, where an index says so and they are few."""
        for condition in _necessary(wanted):
            found = self._by_index(tx, where, condition)
            if found is not None and len(found) <= _MOST_SORTED:
                return found
        return None

    def _by_index(self, tx: Tx, where: Where, condition: Filter) -> Sequence[Searched] | None:
        match condition:
            case Is("id", str(value)):
                return self._search.by_id(tx, where, value)
            case Is("serial", str(value)):
                return self._search.by_serial(tx, where, value, _MOST_SORTED + 1)
            case Is("domain", str(value)):
                return self._search.by_domain(tx, where, value, _MOST_SORTED + 1)
            case Has("names", value):
                return self._search.by_name(tx, where, value, _MOST_SORTED + 1)
        return None


def _necessary(wanted: Filter) -> Iterator[Filter]:
    """Conditions that hold for everything that meets the filter."""
    if isinstance(wanted, And):
        for each in wanted.of:
            yield from _necessary(each)
    else:
        yield wanted


def _is_after(place: Place, after: Place, order: Order) -> bool:
    return place < after if order.descending else place > after
