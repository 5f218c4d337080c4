"""A region that is added later gets what devices have already, and holds are told to every region."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from privyseal.cli.main import run
from tests.registrars.between import between
from tests.registrars.regions import REGIONS, Site
from tests.registrars.registry import Registry, der
from tests.registrars.test_ca_rotation import reach
from tests.service import patience

EU, US = REGIONS


@pytest.fixture(name="site")
def site_fixture(empty_moto: str, tmp_path: Path) -> Iterator[Site]:
    with between(empty_moto) as aws:
        site = Site(tmp_path, EU, aws)
        try:
            site.start()
            settings(site, "later")
            yield site
        finally:
            site.service.kill()


def settings(site: Site, word: str) -> None:
    """With the region `US` from now on, or not yet."""
    file = site.service.data_dir / "privyseal.toml"
    both, one = '["eu-central-1", "us-east-1"]', '["eu-central-1"]'
    text = file.read_text()
    file.write_text(text.replace(both, one) if word == "later" else text.replace(one, both))
    site.service.kill()
    site.service.start()


def statuses(registry: Registry, region: str) -> dict[bytes, str]:
    return {found: state for state, found in registry.of(region).certificates}


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + patience(60)
    while not is_so():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.1)


def test_a_region_that_is_added_later_gets_what_devices_have(
    site: Site, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.register_authority() == 0
    ids = [f"sensor-{n}" for n in range(4)]
    site.register(*ids, "held", "suspended")
    issued = [der(site.enrol(each)["certificate"]) for each in ids]
    held, suspended = (site.enrol(each)["certificate"] for each in ("held", "suspended"))
    arn = site.rest("GET", "/devices/held")["certificate_arn"]
    assert run(["cert", "hold", arn, "--data-dir", str(site.service.data_dir)]) == 0
    site.rest("POST", "/devices/suspend", {"device_ids": ["suspended"]})
    wait_until(lambda: list(statuses(registry, EU).values()).count("INACTIVE") == 2)
    assert statuses(registry, US) == {}

    settings(site, "now")
    capsys.readouterr()
    assert site.command("register-all", "--registrar", "nowhere") == 1
    assert "there are iot/eu-central-1, iot/us-east-1." in capsys.readouterr().err
    site.cut_off(US)
    assert site.command("register-all", "--registrar", f"iot/{US}") == 0
    assert capsys.readouterr().out == "6 certificates in use; 6 registrations ordered: iot/us-east-1\n"
    assert {(each["registrar"], each["device_id"]) for each in site.behind()} >= {
        (f"iot/{US}", each) for each in ids
    }
    site.service.kill()
    site.service.start()
    site.reconnect()
    assert site.command("register-all") == 0
    assert "0 registrations ordered" in capsys.readouterr().out
    wait_until(lambda: not site.behind())
    assert statuses(registry, US) == dict.fromkeys(issued, "ACTIVE")
    assert {name for name, arns in registry.of(US).things.items() if arns} == set(ids)

    assert run(["cert", "release", arn, "--data-dir", str(site.service.data_dir)]) == 0
    site.rest("POST", "/devices/resume", {"device_ids": ["suspended"]})
    everything = dict.fromkeys([*issued, der(held), der(suspended)], "ACTIVE")
    wait_until(lambda: all(statuses(registry, region) == everything for region in REGIONS))


def test_an_authority_that_is_given_up_is_forgotten_by_every_region(site: Site, registry: Registry) -> None:
    settings(site, "now")
    client = site.service.environment.client()
    rotation = client.rest("POST", "/ca-rotations", {"until": "registered"})["id"]
    new = reach(site.service, rotation, "PAUSED")["new_authority_arn"]
    asked = {"CertificateAuthorityArn": new}
    certificate = str(client.call("GetCertificateAuthorityCertificate", asked)["Certificate"])
    for region in REGIONS:
        assert registry.authority(region, certificate)["status"] == "ACTIVE"
    client.rest("POST", f"/ca-rotations/{rotation}/abort", {})
    steps = reach(site.service, rotation, "ABORTED")["steps"]
    assert "can be restored until" in steps[-1]["detail"]
    for region in REGIONS:
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            registry.authority(region, certificate)
    found = client.call("DescribeCertificateAuthority", asked)["CertificateAuthority"]
    assert found["Status"] == "DELETED"
