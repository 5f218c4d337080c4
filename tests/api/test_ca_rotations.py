"""Rotations of the authority that issues for devices by the API, through the client library."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from privyseal.client import ApiError, PrivySealClient
from privyseal.frontends.api.ca_rotations import endpoints
from tests.api.conftest import ADMIN_KEY, STRANGER_KEY, serving_api
from tests.devices.deployment import REGION
from tests.devices.rotations import Process

PATH = "/ca-rotations"


@dataclass(frozen=True)
class Service:
    process: Process
    url: str

    def rest(
        self, method: str, path: str = "", body: dict[str, Any] | None = None, key: Any = ADMIN_KEY
    ) -> dict[str, Any]:
        client = PrivySealClient(self.url, key.id, key.secret, region=REGION)
        found: dict[str, Any] = client.rest(method, f"{PATH}{path}", body)
        return found

    def refused(self, *asked: Any, **more: Any) -> tuple[int, str]:
        with pytest.raises(ApiError) as caught:
            self.rest(*asked, **more)
        return caught.value.status, caught.value.code


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    process = Process(tmp_path / "rotation.db")
    process.register()
    process.enrol("one")
    product = process.product
    with serving_api(product, endpoints(process.rotating, product.pool)) as url:
        yield Service(process, url)
    product.close()


def test_a_rotation_is_started_shown_listed_and_resumed(service: Service) -> None:
    started = service.rest("POST", "", {})
    assert (started["state"], started["next_step"], started["until"]) == ("RUNNING", "create", "switched")
    service.process.run(started["id"])
    paused = service.rest("GET", f"/{started['id']}")
    assert (paused["state"], paused["next_step"]) == ("PAUSED", "revoke")
    assert [each["step"] for each in paused["steps"]] == ["create", "certify", "register", "switch"]
    assert paused["plan"]["subject"] == {"CommonName": "Issuing G2"}
    assert (paused["devices_over"], paused["devices_waiting"]) == (0, 1)
    assert service.rest("GET")["ca_rotations"] == [paused]
    assert service.rest("POST", f"/{started['id']}/resume", {})["state"] == "RUNNING"
    service.process.run(started["id"])
    done = service.rest("GET", f"/{started['id']}")
    assert (done["state"], done["next_step"], done["failure"]) == ("COMPLETED", None, None)
    assert done["finished_at"] is not None


def test_a_dry_run_makes_nothing(service: Service) -> None:
    found = service.rest("POST", "", {"dry_run": True, "key_algorithm": "RSA_2048"})
    assert (found["id"], found["registrars"], found["certificates_to_revoke"]) == (None, ["here", "there"], 1)
    assert found["plan"]["signing_algorithm"] == "SHA256WITHRSA"
    nothing = {"permissions": [], "policy": False, "tags": [], "crls": False, "ocsp": False}
    assert found["taken_over"] == nothing
    assert service.rest("GET")["ca_rotations"] == []


def test_a_rotation_is_aborted_once(service: Service) -> None:
    started = service.rest("POST", "", {"until": "registered"})["id"]
    aborting = service.rest("POST", f"/{started}/abort", {})
    assert (aborting["state"], aborting["next_step"]) == ("ABORTING", "discard")
    assert service.refused("POST", "", {}) == (409, "in-progress")
    service.process.run(started)
    assert service.rest("GET", f"/{started}")["state"] == "ABORTED"
    assert service.refused("POST", f"/{started}/abort", {}) == (409, "invalid-state")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"until": "revoked"}, "validation"),
        ({"until": "switched", "ca": "x"}, "validation"),
        ({"reason": "BOREDOM"}, "validation"),
        ({"common_name": ""}, "validation"),
        ({"common_name": "x" * 65}, "validation"),
        ({"validity_days": 0}, "validation"),
        ({"key_algorithm": "RSA_2048", "signing_algorithm": "SHA256WITHECDSA"}, "invalid-argument"),
    ],
)
def test_what_is_said_wrongly_is_refused_and_nothing_begins(
    service: Service, body: dict[str, Any], code: str
) -> None:
    assert service.refused("POST", "", body) == (400, code)
    assert service.rest("GET")["ca_rotations"] == []


def test_a_chain_without_a_certificate_and_a_certificate_that_nobody_waits_for_are_refused(
    service: Service,
) -> None:
    started = service.rest("POST", "", {})["id"]
    assert service.refused("POST", f"/{started}/resume", {"certificate_chain": "x"}) == (400, "validation")
    assert service.refused("POST", f"/{started}/resume", {"certificate": "x"}) == (409, "invalid-state")


def test_strangers_see_nothing(service: Service) -> None:
    started = service.rest("POST", "", {})["id"]
    assert service.rest("GET", key=STRANGER_KEY)["ca_rotations"] == []
    assert service.refused("GET", f"/{started}", key=STRANGER_KEY) == (404, "not-found")
    assert service.refused("POST", f"/{started}/abort", {}, key=STRANGER_KEY) == (404, "not-found")
