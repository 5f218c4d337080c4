"""`GET /devices/ID/certificates`, `GET /registrations` and `POST /registrations`: what registrars know,
what is behind, and what is ordered of those that were added later.
"""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client.errors import ApiError
from privyseal.errors import ErrorCode
from tests.api.conftest import STRANGER_KEY, Service
from tests.devices.fakes import MemoryRegistrar
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())


def enrol(service: Service, *device_ids: str) -> list[str]:
    """Where `there` is away."""
    product = service.product
    here, there = MemoryRegistrar("here.example"), MemoryRegistrar()
    there.fail = ErrorCode.UNAVAILABLE
    enrolment = product.enrolment(
        product.issuer(product.hierarchy()), {"here": here, "there": there}, {"here"}
    )
    for device_id in device_ids:
        product.register(device_id, KEY.public_key())
    return [enrolment.enrol(csr(KEY, each), each, request_id="r").arn for each in device_ids]


def test_a_device_s_certificates_say_which_registrars_know_them(service: Service) -> None:
    (arn,) = enrol(service, "sensor")
    (found,) = service.client().rest("GET", "/devices/sensor/certificates")["certificates"]
    assert (found["certificate_arn"], found["state"]) == (arn, "ACTIVE")
    here, there = found["registrations"]
    assert here == {
        "registrar": "here",
        "state": "DONE",
        "wanted": "DONE",
        "reference": f"reference of {arn}",
        "due_at": None,
        "attempts": 0,
        "problem": "",
    }
    assert (there["registrar"], there["state"], there["wanted"]) == ("there", "PENDING", "DONE")
    assert there["due_at"]


def test_a_device_without_certificates_has_none_and_an_unknown_one_is_unknown(service: Service) -> None:
    service.product.register("sensor", KEY.public_key())
    assert service.client().rest("GET", "/devices/sensor/certificates") == {"certificates": []}
    with pytest.raises(ApiError) as caught:
        service.client().rest("GET", "/devices/meter/certificates")
    assert caught.value.status == 404


def test_what_is_behind_is_listed_page_by_page(service: Service) -> None:
    ids = [f"sensor-{n}" for n in range(5)]
    enrol(service, *ids)
    found = list(service.client().pages("/registrations", "registrations", {"limit": 2}))
    assert [(each["device_id"], each["registrar"]) for each in found] == [(each, "there") for each in ids]


def test_a_token_of_nobody_is_refused(service: Service) -> None:
    with pytest.raises(ApiError) as caught:
        service.client().rest("GET", "/registrations", query={"after": "WyJhIl0"})
    assert caught.value.status == 400


def test_registrars_that_were_added_later_are_ordered_to_know_what_devices_have(service: Service) -> None:
    arns = enrol(service, "sensor", "meter", "not a thing")
    client = service.client()
    found = client.rest("POST", "/registrations", {})
    rule = "a Thing's name has a-z A-Z 0-9 : _ - alone"
    unsuitable = {"device_id": "not a thing", "registrar": "iot/there", "message": rule}
    assert found == {
        "registrars": ["iot/there", "broker"],
        "certificates": 3,
        "ordered": 5,
        "unsuitable": [unsuitable],
        "next": None,
    }
    behind = client.pages("/registrations", "registrations")
    new = {(each["certificate_arn"], each["registrar"]) for each in behind if each["registrar"] != "there"}
    assert new == {(arn, "broker") for arn in arns} | {(arn, "iot/there") for arn in arns[:2]}
    assert client.rest("POST", "/registrations", {"registrar": "broker"})["ordered"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"registrar": "nowhere"}, 404),
        ({"registrar": ""}, 400),
        ({"registrar": 7}, 400),
        ({"after": "x"}, 400),
        ({"after": "WyJhIiwiYiJd"}, 400),
        ({"force": True}, 400),
    ],
)
def test_what_is_ordered_wrongly_is_refused(service: Service, body: dict[str, object], status: int) -> None:
    enrol(service, "sensor")
    with pytest.raises(ApiError) as caught:
        service.client().rest("POST", "/registrations", body)
    assert caught.value.status == status
    assert all(
        each["registrar"] == "there" for each in service.client().pages("/registrations", "registrations")
    )


def test_of_another_account_nothing_is_ordered(service: Service) -> None:
    enrol(service, "sensor")
    assert service.client(STRANGER_KEY).rest("POST", "/registrations", {})["certificates"] == 0
