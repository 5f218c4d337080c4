"""Two deployments and two regions of AWS IoT Core: one is cut off, devices enrol, it comes back."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509

from tests.registrars.between import between
from tests.registrars.regions import REGIONS, Site
from tests.registrars.registry import Registry, der
from tests.service import patience

EU, US = REGIONS


@pytest.fixture(name="sites")
def sites_fixture(empty_moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    folder = tmp_path_factory.mktemp("regions")
    with between(empty_moto) as one, between(empty_moto) as two:
        eu, us = Site(folder, EU, one), Site(folder, US, two)
        try:
            eu.start()
            us.start(root=eu)
            yield eu, us
        finally:
            eu.service.kill()
            us.service.kill()


def test_a_region_that_is_cut_off_catches_up_and_nothing_is_lost_or_doubled(
    sites: tuple[Site, Site], registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    eu, us = sites
    assert [site.register_authority() for site in sites] == [0, 0]
    for site in sites:
        site.register("early", "roamer", "held", *(f"{site.region}-{n}" for n in range(3)))
    early = eu.enrol("early")
    assert all(holds(registry, region, early) for region in REGIONS), "both regions, before the answer"

    eu.cut_off(US)
    us.cut_off(EU)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(site.enrol, "roamer") for site in sites]
        roamers = [each.result() for each in both]
    issued = {site.region: [site.enrol(f"{site.region}-{n}") for n in range(3)] for site in sites}
    held = eu.enrol("held")
    for site, answer in zip(sites, roamers, strict=True):
        here, there = site.region, US if site is eu else EU
        assert answer["endpoint"].endswith(f"-ats.iot.{here}.amazonaws.com")
        for each in (answer, *issued[here]):
            assert holds(registry, here, each)
            assert not holds(registry, there, each)
        assert {each["registrar"] for each in site.behind()} == {f"iot/{there}"}
    assert len(eu.behind()) == len(us.behind()) + 1 == 5
    check_commands(eu, capsys)
    eu.rest("POST", "/devices/suspend", {"device_ids": ["held"]})
    wait_until(lambda: status(registry, EU, held) == "INACTIVE")

    eu.service.kill()
    eu.service.start()
    assert len(eu.behind()) == 5, "what is behind outlives kill -9"
    eu.reconnect()
    us.reconnect()
    wait_until(lambda: not eu.behind() and not us.behind())

    good = [early, *roamers, *issued[EU], *issued[US]]
    for region in REGIONS:
        found = Counter(each for each in registry.of(region).certificates if each[0] == "ACTIVE")
        assert found == Counter(("ACTIVE", der(each["certificate"])) for each in good)
        things = {name: len(arns) for name, arns in registry.of(region).things.items() if name != "held"}
        assert things == {"early": 1, "roamer": 2, **{f"{r}-{n}": 1 for r in REGIONS for n in range(3)}}
        assert len(registry.of(region).policies["fleet"]) >= len(good)
    assert status(registry, US, held) is None, "suspended before that region had it"
    eu.rest("POST", "/devices/resume", {"device_ids": ["held"]})
    wait_until(lambda: [status(registry, region, held) for region in REGIONS] == ["ACTIVE", "ACTIVE"])
    issuers = {x509.load_pem_x509_certificate(each["certificate"].encode()).issuer for each in roamers}
    assert len(issuers) == 2, "each by the authority of its own deployment"


def check_commands(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """What an operator sees of it."""
    capsys.readouterr()
    assert site.command("behind") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["DEVICE", "REGISTRAR", "WANTED", "TRIED", "AGAIN", "PROBLEM"]
    assert sum(f"iot/{US}" in line for line in lines[1:]) == len(lines) - 1 == 5
    assert site.command("show", "held") == 0
    shown = capsys.readouterr().out
    assert f"iot/{EU}  DONE" in shown
    assert f"iot/{US}  PENDING, to be DONE" in shown


def holds(registry: Registry, region: str, answer: dict[str, str]) -> bool:
    return status(registry, region, answer) == "ACTIVE"


def status(registry: Registry, region: str, answer: dict[str, str]) -> str | None:
    """Of a certificate there; None where it is not."""
    wanted = der(answer["certificate"])
    return next((state for state, found in registry.of(region).certificates if found == wanted), None)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + patience(60)
    while not is_so():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.1)
