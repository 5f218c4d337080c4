"""What an administrator changes of devices, through the client library."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import ApiError
from tests.api.conftest import GUEST_KEY, STRANGER_KEY, Service
from tests.devices.deployment import key_der, key_pem

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(2))


def register(service: Service, *rows: dict[str, str]) -> dict[str, Any]:
    devices = [{"public_key": key_pem(KEY)} | row for row in rows]
    return service.client().rest("POST", "/devices", {"devices": devices})


def change(service: Service, word: str, *ids: str) -> dict[str, Any]:
    return service.client().rest("POST", f"/devices/{word}", {"device_ids": list(ids)})


def ids(service: Service, **query: str) -> list[str]:
    return [
        each["device_id"] for each in service.client().pages("/devices", "devices", {"limit": 2, **query})
    ]


def refused(service: Service, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client().rest(method, path, body)
    return caught.value.status, caught.value.code


def test_a_list_has_what_is_selected(service: Service) -> None:
    register(
        service,
        {"device_id": "a1", "batch": "lot 7"},
        {"device_id": "a2", "batch": "lot 7", "status": "suspended"},
        {"device_id": "a3", "batch": "lot 8", "status": "disabled"},
        {"device_id": "b1", "batch": "lot 7"},
        {"device_id": "b2"},
    )
    assert ids(service) == ["a1", "a2", "a3", "b1", "b2"]
    assert ids(service, prefix="a") == ["a1", "a2", "a3"]
    assert ids(service, batch="lot 7") == ["a1", "a2", "b1"]
    assert ids(service, state="suspended") == ["a2", "a3"]
    assert ids(service, batch="lot 7", state="registered", prefix="b") == ["b1"]
    assert ids(service, batch="lot 9") == []


@pytest.mark.parametrize("query", ["state=enabled", "state=", "status=active", "state=active&state=active"])
def test_a_selection_that_means_nothing_is_refused(service: Service, query: str) -> None:
    assert refused(service, "GET", f"/devices?{query}")[0] == 400


def test_devices_are_suspended_resumed_and_retired(service: Service) -> None:
    register(service, {"device_id": "a"}, {"device_id": "b"})
    assert change(service, "suspend", "a", "b") == {"changed": 2, "unchanged": 0, "errors": []}
    assert change(service, "resume", "a")["changed"] == 1
    reply = change(service, "retire", "b", "nobody")
    assert reply["changed"] == 1
    (error,) = reply["errors"]
    assert (error["index"], error["device_id"], error["code"]) == (1, "nobody", "not-found")
    assert change(service, "resume", "b")["errors"][0]["code"] == "invalid-state"
    found = service.client().pages("/devices", "devices")
    assert [(each["device_id"], each["state"]) for each in found] == [("a", "registered"), ("b", "retired")]


def test_a_key_is_changed_explicitly(service: Service) -> None:
    register(service, {"device_id": "a"})
    reply = service.client().rest("PUT", "/devices/a/key", {"public_key": key_pem(OTHER)})
    assert reply["public_key_sha256"] == hashlib.sha256(key_der(OTHER)).hexdigest()
    assert service.client().rest("GET", "/devices/a") == reply


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("PUT", "/devices/nobody/key", {"public_key": key_pem(KEY)}, (404, "not-found")),
        ("PUT", "/devices/a/key", {"public_key": "x"}, (400, "validation")),
        ("PUT", "/devices/a/key", {}, (400, "validation")),
        ("PUT", "/devices/a/key", {"public_key": key_pem(KEY), "status": "x"}, (400, "validation")),
        ("GET", "/devices/a/key", None, (405, "method-not-allowed")),
        ("POST", "/devices/suspend", {"device_ids": "a"}, (400, "validation")),
        ("POST", "/devices/suspend", {"device_ids": [1]}, (400, "validation")),
        ("POST", "/devices/suspend", {"device_ids": ["a"] * 1001}, (400, "limit-exceeded")),
        ("POST", "/devices/enable", {"device_ids": ["a"]}, (405, "method-not-allowed")),
        ("POST", "/devices/a/suspend", {}, (404, "not-found")),
    ],
)
def test_what_cannot_be_asked_is_refused(
    service: Service, method: str, path: str, body: dict[str, Any] | None, answer: tuple[int, str]
) -> None:
    register(service, {"device_id": "a"})
    before = service.product.journal()
    assert refused(service, method, path, body) == answer
    assert service.product.journal() == before


def test_a_device_may_be_called_as_a_change_is(service: Service) -> None:
    """`GET /devices/suspend` is the device, `POST` the change."""
    register(service, {"device_id": "suspend"})
    assert service.client().rest("GET", "/devices/suspend")["device_id"] == "suspend"


def test_only_administrators_of_the_account_change_devices(service: Service) -> None:
    register(service, {"device_id": "a"})
    body = {"device_ids": ["a"]}
    with pytest.raises(ApiError) as caught:
        service.client(GUEST_KEY).rest("POST", "/devices/retire", body)
    assert caught.value.status == 403
    reply = service.client(STRANGER_KEY).rest("POST", "/devices/retire", body)
    assert [each["code"] for each in reply["errors"]] == ["not-found"]
    assert service.client().rest("GET", "/devices/a")["state"] == "registered"
