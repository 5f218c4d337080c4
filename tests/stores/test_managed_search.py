"""The contract of `managed.search.CertificateSearch`, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.search import Order, Place, Searched, SortBy, Where, place_of
from privyseal.managed.states import Status
from privyseal.names import ManagedArn
from privyseal.store import Store
from privyseal.stores.repositories.managed_rows import MANAGED_ROWS
from tests.stores.rows import NOW
from tests.stores.test_managed import ACCOUNT, REGION, certificate, insert

ROWS, SEARCH = MANAGED_ROWS.certificates, MANAGED_ROWS.search
HERE = Where(ACCOUNT, REGION)
COUNT = 7


def several() -> list[ManagedCertificate]:
    """Some of them are alike in what they can be sorted by."""
    return [
        certificate(
            n,
            domain=f"Host-{n % 3}.example.com",
            names=(f"Host-{n % 3}.example.com", "shared.example.com"),
            created_at=NOW + timedelta(seconds=n // 2),
            status=Status.FAILED if n % 2 else Status.PENDING_VALIDATION,
            issued_at=NOW if n % 3 == 0 else None,
        )
        for n in range(COUNT)
    ]


def elsewhere() -> list[ManagedCertificate]:
    made = certificate(90, domain="host-0.example.com", names=("shared.example.com",))
    region = replace(made, arn=ManagedArn("us-east-1", ACCOUNT, made.arn.id))
    account = replace(made, arn=ManagedArn(REGION, "999999999999", made.arn.id[:-1] + "f"))
    return [region, account]


@pytest.fixture(autouse=True)
def _full(store: Store) -> None:
    insert(store, *several(), *elsewhere())


def walked(store: Store, order: Order, page: int) -> list[Searched]:
    found: list[Searched] = []
    at: Place | None = None
    while rows := store.view(lambda tx, at=at: SEARCH.walk(tx, HERE, order, at, page)):  # type: ignore[misc]
        assert len(rows) <= page
        found += rows
        at = place_of(rows[-1], order)
    return found


@pytest.mark.parametrize("page", [1, 2, COUNT + 1])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", SortBy)
def test_each_order_meets_every_row_of_its_account_and_region_once(
    store: Store, by: SortBy, page: int, *, descending: bool
) -> None:
    order = Order(by, descending)
    found = walked(store, order, page)
    places = [place_of(row, order) for row in found]
    assert places == sorted(places, reverse=descending)
    assert {row.id for row in found} == {each.arn.id for each in several()}
    assert len(found) == COUNT


def test_a_name_a_domain_and_an_id_find_theirs_up_to_a_bound(store: Store) -> None:
    ids = [each.arn.id for each in several()]
    assert [row.id for row in store.view(lambda tx: SEARCH.by_id(tx, HERE, ids[3]))] == [ids[3]]
    other = elsewhere()[0].arn.id
    assert store.view(lambda tx: SEARCH.by_id(tx, HERE, other)) == []
    found = store.view(lambda tx: SEARCH.by_domain(tx, HERE, "host-1.example.com", 9))
    assert [row.id for row in found] == [ids[1], ids[4]]
    named = store.view(lambda tx: SEARCH.by_name(tx, HERE, "shared.example.com", 9))
    assert [row.id for row in named] == ids
    assert len(store.view(lambda tx: SEARCH.by_name(tx, HERE, "shared.example.com", 2))) == 2
    assert store.view(lambda tx: SEARCH.by_serial(tx, HERE, "05", 9)) == []


def test_it_follows_what_changes_and_forgets_what_is_removed(store: Store) -> None:
    before = several()[0]
    after = replace(before, names=("new.example.com",), status=Status.FAILED, version=before.version + 1)
    assert store.transact(lambda tx: ROWS.update(tx, after))
    (row,) = store.view(lambda tx: SEARCH.by_name(tx, HERE, "new.example.com", 9))
    assert (row.id, row.status, row.names) == (before.arn.id, "FAILED", ("new.example.com",))
    shared = store.view(lambda tx: SEARCH.by_name(tx, HERE, "shared.example.com", 9))
    assert before.arn.id not in {each.id for each in shared}
    assert store.transact(lambda tx: ROWS.remove(tx, after))
    assert store.view(lambda tx: SEARCH.by_name(tx, HERE, "new.example.com", 9)) == []
    assert store.view(lambda tx: SEARCH.by_id(tx, HERE, before.arn.id)) == []
