"""Mass revocations by the API, through the client library."""

from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import ApiError
from tests.api.conftest import STRANGER_KEY, Service
from tests.devices.deployment import OPERATOR, START
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
PATH = "/mass-revocations"


def filled(service: Service, count: int) -> str:
    """An authority that has issued so many."""
    authority = service.product.hierarchy()
    issuer = service.product.issuer(authority)
    for n in range(count):
        issuer.issue(csr(KEY, f"sensor-{n}"), token=f"token-{n}", caller=OPERATOR)
    return authority


def matching(authority: str, **changes: Any) -> dict[str, Any]:
    made = {"authority_arn": authority, "scope": "FILTER", "filter": {"subject": "sensor"}}
    return made | {"reason": "SUPERSEDED"} | changes


def order(service: Service, body: dict[str, Any]) -> dict[str, Any]:
    return service.client().rest("POST", PATH, body)


def refused(service: Service, method: str, path: str, body: Any = None, **client: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client(**client).rest(method, path, body)
    return caught.value.status, caught.value.code


def test_an_order_is_taken_carried_out_and_shown(service: Service) -> None:
    authority = filled(service, 5)
    taken = order(service, matching(authority, invalidity_date="2026-11-01T00:00:00Z"))
    assert taken == {
        "id": taken["id"],
        "state": "RUNNING",
        "authority_arn": authority,
        "scope": "FILTER",
        "filter": {"template": None, "subject": "sensor", "issued_after": None, "issued_before": None},
        "reason": "SUPERSEDED",
        "invalidity_date": "2026-11-01T00:00:00Z",
        "created_at": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "finished_at": None,
        "failure": None,
        "expected": None,
        "revoked": 0,
        "authorities": [
            {"arn": authority, "subject": "Issuing", "done": False, "expected": None, "revoked": 0}
        ],
        "refused": 0,
        "refusals": [],
        "waiting_for": [],
    }
    service.product.authorities.mass_work.work(Event())
    shown = service.client().rest("GET", f"{PATH}/{taken['id']}")
    assert (shown["state"], shown["expected"], shown["revoked"]) == ("COMPLETED", 5, 5)
    assert shown["finished_at"] == taken["created_at"]
    assert service.client().rest("GET", PATH) == {"mass_revocations": [shown], "next": None}


def test_a_dry_run_counts(service: Service) -> None:
    found = order(service, matching(filled(service, 5), dry_run=True))
    assert (found["id"], found["state"], found["expected"]) == (None, None, 5)
    assert service.client().rest("GET", PATH)["mass_revocations"] == []


def test_a_cascade_without_a_revoked_certificate_is_refused(service: Service) -> None:
    body = {"authority_arn": filled(service, 1), "scope": "CASCADE", "reason": "KEY_COMPROMISE"}
    assert refused(service, "POST", PATH, body) == (409, "invalid-state")


def test_one_at_a_time(service: Service) -> None:
    authority = filled(service, 1)
    order(service, matching(authority))
    assert refused(service, "POST", PATH, matching(authority)) == (409, "in-progress")


@pytest.mark.parametrize(
    "changes",
    [
        {"filter": None},
        {"filter": {}},
        {"filter": {"subject": ""}},
        {"filter": {"serial": "1"}},
        {"filter": {"issued_after": "2026"}},
        {"revoked_elsewhere": True},
        {"scope": "CASCADE"},
        {"scope": "ALL"},
        {"reason": "CERTIFICATE_HOLD"},
        {"invalidity_date": "2999-01-01T00:00:00Z"},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(service: Service, changes: dict[str, Any]) -> None:
    body = matching(filled(service, 1), **changes)
    assert refused(service, "POST", PATH, body) == (400, "validation")


def test_another_account_finds_nothing(service: Service) -> None:
    authority = filled(service, 1)
    taken = order(service, matching(authority))
    there = f"{PATH}/{taken['id']}"
    assert refused(service, "GET", there, key=STRANGER_KEY) == (404, "not-found")
    assert refused(service, "POST", PATH, matching(authority), key=STRANGER_KEY) == (404, "not-found")
    assert service.client(STRANGER_KEY).rest("GET", PATH)["mass_revocations"] == []


def test_what_is_no_id_is_not_found(service: Service) -> None:
    assert refused(service, "GET", f"{PATH}/x%27--") == (404, "not-found")


def test_pages_follow_each_other(service: Service) -> None:
    ids = []
    for _ in range(3):
        ids.append(order(service, matching(filled(service, 1)))["id"])
    found = [each["id"] for each in service.client().pages(PATH, "mass_revocations", {"limit": 1})]
    assert sorted(found) == sorted(ids)
