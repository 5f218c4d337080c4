"""Quotas that count: imports at a time, imports in a year, names of a certificate; where they are set."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from privyseal.managed.quotas import ImportQuota
from tests.acm.scene import OTHER, Scene, scene
from tests.ca.world import in_memory
from tests.managed.kept import Kept

LIMITED = "LimitExceededException"


@pytest.fixture(name="limited")
def limited_fixture() -> Iterator[Scene]:
    """Two imports at a time, four in a year, three names."""
    with in_memory() as world:
        kept = Kept(world, import_quota=ImportQuota(2, 4), most_names=3)
        with scene(kept) as made:
            yield made
        kept.close()


def refused(limited: Scene) -> str:
    name, message = limited.wire.refused("ImportCertificate", **limited.pair().members)
    assert name == LIMITED
    return message


def test_an_account_has_so_many_imports_and_deleting_makes_room(limited: Scene) -> None:
    first = limited.imported(limited.pair())
    limited.imported(limited.pair())
    assert "2 imported certificates" in refused(limited)
    found = limited.wire.do("ListCertificates", Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
    assert len(found["CertificateSummaryList"]) == 2
    limited.wire.do("DeleteCertificate", CertificateArn=first)
    limited.imported(limited.pair())
    assert "2 imported certificates" in refused(limited)


def test_what_is_refused_replaced_requested_or_of_somebody_else_does_not_count(limited: Scene) -> None:
    pair, other_key = limited.pair(), limited.pair(kind="EC_secp384r1").key_pem
    for _ in range(3):
        limited.wire.refused("ImportCertificate", Certificate=pair.pem, PrivateKey=other_key)
        limited.issued()
    arn = limited.imported(pair)
    for _ in range(5):
        limited.imported(pair, CertificateArn=arn)
    limited.imported(limited.pair())
    refused(limited)
    limited.imported(pair, CertificateArn=arn)
    other = limited.wire_of(OTHER)
    other.do("ImportCertificate", **pair.members)
    other.close()


def test_so_many_are_imported_in_a_year_whether_they_are_still_there_or_not(limited: Scene) -> None:
    for _ in range(4):
        limited.wire.do("DeleteCertificate", CertificateArn=limited.imported(limited.pair()))
        limited.kept.clock.advance(timedelta(days=1))
    assert "4 certificates in the last 365 days" in refused(limited)
    limited.kept.clock.advance(timedelta(days=360))
    refused(limited)
    limited.kept.clock.advance(timedelta(days=1))
    limited.imported(limited.pair())
    refused(limited)
    limited.kept.clock.advance(timedelta(days=1))
    limited.imported(limited.pair())


def test_a_certificate_has_so_many_names(limited: Scene) -> None:
    names = [f"{n}.example.com" for n in range(3)]
    members = {"DomainName": "www.example.com", "CertificateAuthorityArn": limited.authority}
    name, message = limited.wire.refused("RequestCertificate", **members, SubjectAlternativeNames=names)
    assert (name, message) == (LIMITED, "A certificate has at most 3 domain names.")
    limited.wire.do("RequestCertificate", **members, SubjectAlternativeNames=names[:2])


def test_without_a_setting_nothing_is_limited(acm: Scene) -> None:
    for _ in range(5):
        acm.imported(acm.pair())
