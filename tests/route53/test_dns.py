"""`privyseal device dns` against moto's Route 53."""

import pytest

from privyseal.cli.main import run
from tests.route53.zone import NAME, Zone, told

EU, US = "eu-central-1", "us-east-1"
SITES = ("--site", f"{EU}=198.51.100.7", "--site", f"{EU}=2001:DB8:0::7", "--site", f"{US}=203.0.113.7")
JSON = ("--output", "json")


@pytest.fixture(name="zone")
def zone_fixture(empty_moto: str) -> Zone:
    return Zone(empty_moto)


def test_each_region_gets_a_latency_record_of_each_type_with_its_health_check(zone: Zone) -> None:
    assert zone.dns(*SITES, "--port", "8700", "--apply") == 0
    found, checks = zone.records(), zone.checks()
    assert found.keys() == {("A", EU), ("AAAA", EU), ("A", US)}
    expected = {("A", EU): "198.51.100.7", ("AAAA", EU): "2001:db8::7", ("A", US): "203.0.113.7"}
    for key, address in expected.items():
        record = found[key]
        assert (record["Name"], record["SetIdentifier"], record["TTL"]) == (f"{NAME}.", key[1], 60)
        assert record["ResourceRecords"] == [{"Value": address}]
        check = checks.pop(record["HealthCheckId"])
        assert check["IPAddress"] == address
        assert check["FullyQualifiedDomainName"] == NAME
        assert (check["Type"], check["Port"], check["ResourcePath"]) == ("HTTPS", 8700, "/healthz")
    assert not checks, "no health check that nobody uses"


def test_without_apply_it_says_what_it_would_do_and_does_nothing(
    zone: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zone.dns(*SITES, *JSON) == 0
    answer = told(capsys)
    assert (answer["applied"], answer["changed"]) == (False, False)
    assert {line["action"] for line in answer["plan"]} == {"create"}
    assert (zone.records(), zone.checks()) == ({}, {})


def test_again_it_changes_nothing(zone: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    zone.dns(*SITES, "--apply")
    before = zone.records(), zone.checks()
    capsys.readouterr()
    assert zone.dns(*SITES, "--apply", *JSON) == 0
    answer = told(capsys)
    assert {line["action"] for line in answer["plan"]} == {"unchanged"}
    assert (answer["applied"], answer["changed"]) == (True, False)
    assert (zone.records(), zone.checks()) == before


def test_what_has_changed_is_changed_and_nothing_else(zone: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    zone.dns(*SITES, "--apply")
    before, checks = zone.records(), zone.checks()
    capsys.readouterr()
    assert zone.dns("--site", f"{US}=203.0.113.99", "--apply", *JSON) == 0
    assert {(line["action"], line["region"]) for line in told(capsys)["plan"]} == {("change", US)}
    found = zone.records()
    assert found[("A", US)]["ResourceRecords"] == [{"Value": "203.0.113.99"}]
    assert {key: found[key] for key in found if key[1] == EU} == {
        key: before[key] for key in before if key[1] == EU
    }
    same = found[("A", US)]["HealthCheckId"]
    assert same == before[("A", US)]["HealthCheckId"]
    assert zone.checks()[same] == checks[same] | {"IPAddress": "203.0.113.99"}


def test_what_an_interrupted_run_has_left_is_taken_up(zone: Zone) -> None:
    """A health check that no record has."""
    zone.dns(*SITES, "--apply")
    before = zone.checks()
    gone = [{"Action": "DELETE", "ResourceRecordSet": each} for each in zone.records().values()]
    zone.aws.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": gone})
    assert zone.dns(*SITES, "--apply") == 0
    assert zone.records().keys() == {("A", EU), ("AAAA", EU), ("A", US)}
    assert zone.checks() == before


def test_a_health_check_that_cannot_be_changed_is_replaced(zone: Zone) -> None:
    zone.dns(*SITES, "--apply")
    before = zone.checks()
    assert zone.dns(*SITES, "--plain-http", "--port", "80", "--apply") == 0
    found = zone.checks()
    assert len(found) == len(before)
    assert not found.keys() & before.keys()
    assert {check["Type"] for check in found.values()} == {"HTTP"}
    assert {each["HealthCheckId"] for each in zone.records().values()} == found.keys()


def test_a_region_that_is_removed_is_gone_with_its_health_checks(zone: Zone) -> None:
    zone.dns(*SITES, "--apply")
    assert zone.dns("--remove", EU, "--apply") == 0
    assert zone.records().keys() == {("A", US)}
    assert zone.checks().keys() == {zone.records()[("A", US)]["HealthCheckId"]}


def test_a_type_that_a_region_no_longer_has_goes(zone: Zone) -> None:
    zone.dns(*SITES, "--apply")
    assert zone.dns("--site", f"{EU}=198.51.100.7", "--apply") == 0
    assert zone.records().keys() == {("A", EU), ("A", US)}
    assert len(zone.checks()) == 2


def test_host_names_become_cnames_that_are_checked_by_their_own_names(zone: Zone) -> None:
    assert zone.dns("--site", f"{EU}=Eu.Example.COM.", "--site", f"{US}=us.example.com", "--apply") == 0
    found = zone.records()
    assert found.keys() == {("CNAME", EU), ("CNAME", US)}
    assert found[("CNAME", EU)]["ResourceRecords"] == [{"Value": "eu.example.com"}]
    check = zone.checks()[found[("CNAME", EU)]["HealthCheckId"]]
    assert check["FullyQualifiedDomainName"] == "eu.example.com"
    assert "IPAddress" not in check


def test_other_names_and_other_health_checks_are_left_alone(zone: Zone) -> None:
    other = zone.aws.create_health_check(
        CallerReference="somebody else's",
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1},
    )["HealthCheck"]["Id"]
    change = {
        "Action": "CREATE",
        "ResourceRecordSet": {
            "Name": "www.example.com.",
            "Type": "A",
            "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}],
        },
    }
    zone.aws.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": [change]})
    zone.dns(*SITES, "--apply")
    zone.dns("--remove", EU, "--remove", US, "--apply")
    assert zone.records().keys() == {("A", "")}
    assert zone.checks().keys() == {other}


# What is asked for → what the message says.
REFUSED = {
    "a name of another zone": (("--site", f"{EU}=192.0.2.1"), "devices.example.org", "not in the zone"),
    "a name that only ends like the zone": (
        ("--site", f"{EU}=192.0.2.1"),
        "myexample.com",
        "not in the zone",
    ),
    "a CNAME at the zone itself": (("--site", f"{EU}=eu.example.com"), "example.com", "cannot have a CNAME"),
    "addresses beside host names": (
        ("--site", f"{EU}=192.0.2.1", "--site", f"{US}=us.example.com"),
        NAME,
        "either addresses",
    ),
    "two host names": (("--site", f"{EU}=a.example.com", "--site", f"{EU}=b.example.com"), NAME, "one host"),
    "no region": (("--site", "Europe=192.0.2.1"), NAME, "not an AWS region"),
    "no target": (("--site", f"{EU}=_"), NAME, "not a DNS name"),
    "no pair": (("--site", EU), NAME, "REGION=TARGET"),
    "nothing": ((), NAME, "--remove"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_made(
    zone: Zone, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options, name, said = REFUSED[case]
    assert zone.dns(*options, "--apply", name=name) != 0
    assert said in capsys.readouterr().err
    assert (zone.records(), zone.checks()) == ({}, {})


@pytest.mark.parametrize("kind", ["A", "CNAME"])
def test_a_simple_record_of_that_name_is_not_replaced(
    zone: Zone, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "192.0.2.1" if kind == "A" else "old.example.com"
    record = {"Name": f"{NAME}.", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    zone.aws.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)
    assert zone.dns(*SITES, "--apply") == 1
    assert "delete it first" in capsys.readouterr().err
    assert zone.records().keys() == {(kind, "")}
    assert zone.checks() == {}


def test_going_from_host_names_to_addresses_takes_the_other_regions_away_first(
    zone: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    zone.dns("--site", f"{EU}=eu.example.com", "--site", f"{US}=us.example.com", "--apply")
    assert zone.dns("--site", f"{EU}=192.0.2.1", "--apply") == 1
    assert "--remove" in capsys.readouterr().err
    assert zone.dns("--site", f"{EU}=192.0.2.1", "--remove", US, "--apply") == 0
    assert zone.records().keys() == {("A", EU)}
    assert len(zone.checks()) == 1


def test_it_does_not_take_the_service_for_route_53(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8700")
    assert run(["device", "dns", "--zone", zone.id, "--name", NAME, *SITES]) == 2
    assert "--endpoint-url" in capsys.readouterr().err


def test_a_zone_that_is_not_there_is_one_clear_line(zone: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    zone.id = "Z00000000000000000000"
    assert zone.dns(*SITES, "--apply") == 1
    assert "NoSuchHostedZone" in capsys.readouterr().err
