"""Devices of the API, through the client library."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import ApiError
from privyseal.client.api import segment
from tests.api.conftest import STRANGER_KEY, Service
from tests.devices.deployment import key_der, key_pem
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = key_pem(KEY.public_key())


def send(service: Service, *rows: tuple[str, str]) -> dict[str, Any]:
    devices = [{"device_id": device_id, "public_key": key} for device_id, key in rows]
    return service.client().rest("POST", "/devices", {"devices": devices})


def refused(
    service: Service, method: str, path: str, body: Mapping[str, Any] | None = None
) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client().rest(method, path, body)
    return caught.value.status, caught.value.code


def test_an_import_counts_and_reports_each_bad_row(service: Service) -> None:
    send(service, ("known", PUBLIC))
    other = key_pem(ec.generate_private_key(ec.SECP256R1()).public_key())
    reply = send(service, ("new", PUBLIC), ("known", PUBLIC), ("", PUBLIC), ("known", other), ("x", "?"))
    assert (reply["imported"], reply["unchanged"]) == (1, 1)
    told = [(each["index"], each["device_id"], each["code"]) for each in reply["errors"]]
    assert told == [(2, "", "validation"), (3, "known", "conflict"), (4, "x", "validation")]
    assert all(set(each) == {"index", "device_id", "code", "message"} for each in reply["errors"])


def test_an_empty_import_is_fine(service: Service) -> None:
    assert send(service) == {"imported": 0, "unchanged": 0, "errors": []}


def test_a_thousand_devices_at_once_and_not_one_more(service: Service) -> None:
    rows = [(f"sensor-{n:04}", PUBLIC) for n in range(1001)]
    assert send(service, *rows[:1000])["imported"] == 1000
    body = {"devices": [{"device_id": device_id, "public_key": key} for device_id, key in rows]}
    assert refused(service, "POST", "/devices", body) == (400, "limit-exceeded")
    assert refused(service, "GET", "/devices/sensor-1000") == (404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"devices": None},
        {"devices": {}},
        {"devices": ["sensor"]},
        {"devices": [{"device_id": "sensor"}]},
        {"devices": [{"device_id": "sensor", "public_key": 7}]},
        {"devices": [{"device_id": "sensor", "public_key": "x", "certificate_arn": "y"}]},
        {"devices": [], "replace": True},
    ],
    ids=json.dumps,
)
def test_a_body_of_another_shape_is_refused(service: Service, body: dict[str, Any]) -> None:
    assert refused(service, "POST", "/devices", body) == (400, "validation")


def test_a_body_that_is_no_json_is_refused(service: Service) -> None:
    assert refused(service, "POST", "/devices") == (400, "malformed-request")


def test_a_device_is_shown_with_the_digest_of_its_key(service: Service) -> None:
    send(service, ("sensor", PUBLIC))
    assert service.client().rest("GET", "/devices/sensor") == {
        "device_id": "sensor",
        "public_key": base64.b64encode(key_der(KEY.public_key())).decode(),
        "public_key_sha256": hashlib.sha256(key_der(KEY.public_key())).hexdigest(),
        "state": "registered",
        "batch": None,
        "created_at": "2026-11-21T12:00:30Z",
        "certificate_arn": None,
    }


def test_a_device_is_shown_with_its_newest_certificate(service: Service) -> None:
    send(service, ("sensor", PUBLIC))
    enrolment = service.product.enrolment(service.product.issuer(service.product.hierarchy()))
    issued = enrolment.enrol(csr(KEY, "sensor"), "sensor", request_id="r")
    assert service.client().rest("GET", "/devices/sensor")["certificate_arn"] == issued.arn


@pytest.mark.parametrize(
    "device_id", ["Line 7, cell 3", "温度計", "a%2fb", "a+b", "urn:dev:1", "50%", "a?b#c&d=e"]
)
def test_any_id_can_be_asked_for(service: Service, device_id: str) -> None:
    send(service, (device_id, PUBLIC))
    assert service.client().rest("GET", f"/devices/{segment(device_id)}")["device_id"] == device_id


@pytest.mark.parametrize(
    "path", ["/devices/Sensor", "/devices/sensor%20", "/devices/sensor%00", "/devices/%ff"]
)
def test_an_unknown_device_is_not_found(service: Service, path: str) -> None:
    send(service, ("sensor", PUBLIC))
    assert refused(service, "GET", path) == (404, "not-found")


def test_pages_follow_each_other_to_the_end(service: Service) -> None:
    send(service, *((f"sensor-{n}", PUBLIC) for n in range(7)))
    client = service.client()
    seen, query = [], {"limit": "3"}
    sizes = []
    while True:
        page = client.rest("GET", "/devices", query=query)
        seen += [each["device_id"] for each in page["devices"]]
        sizes.append(len(page["devices"]))
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == [f"sensor-{n}" for n in range(7)]
    assert sizes == [3, 3, 1]
    assert [each["device_id"] for each in client.pages("/devices", "devices")] == seen


def test_another_accounts_administrator_sees_no_devices(service: Service) -> None:
    send(service, ("sensor", PUBLIC))
    stranger = service.client(STRANGER_KEY)
    assert stranger.rest("GET", "/devices") == {"devices": [], "next": None}
    with pytest.raises(ApiError) as caught:
        stranger.rest("GET", "/devices/sensor")
    assert caught.value.status == 404
