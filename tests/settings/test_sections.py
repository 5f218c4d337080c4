"""The tables of the settings file that name buckets and limits."""

from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings import AuditSettings, PublisherSettings, QuotaSettings, Settings, load


def read(folder: Path, text: str) -> Settings:
    (folder / "privyseal.toml").write_text(text)
    return load({}, folder, environ={})


def test_without_them_buckets_are_folders_and_nothing_is_limited(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.publisher == PublisherSettings(type="directory")
    assert settings.quotas == QuotaSettings(certificates_per_authority=None, requests_per_second={})


def test_they_are_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [publisher]
        type = "s3"
        endpoint-url = "https://s3.example"
        region = "eu-west-1"
        profile = "reports"

        [quotas]
        certificates-per-authority = 1000000
        requests-per-second = { IssueCertificate = 25, ListTags = 0.5 }
        imported-certificates = 2500
        imports-per-year = 5000
        names-per-certificate = 10
        """,
    )
    assert settings.publisher == PublisherSettings("s3", "https://s3.example", "eu-west-1", "reports")
    assert settings.quotas == QuotaSettings(
        1_000_000, {"IssueCertificate": 25.0, "ListTags": 0.5}, {}, 2500, 5000, 10
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[publisher]\ntype = "ftp"', "ftp"),
        ('[publisher]\nbucket = "x"', "bucket"),
        ('[audit]\nsink = "tape"', "tape"),
        ('[audit]\nsink = "s3"', "needs one"),
        ('[audit]\ndirectory = "audit"', "whole path"),
        ('[audit]\nbucket = "b"', "needs one"),
        ("[audit]\ninterval-seconds = 0", "interval-seconds"),
        ("[quotas]\ncertificates-per-authority = 0", "certificates-per-authority"),
        ("[quotas]\nrequests-per-second = { ListTags = 0 }", "requests-per-second"),
        ('[quotas]\nrequests-per-second = { ListTags = "many" }', "requests-per-second"),
        ("[quotas]\nrequests-per-second = 25", "requests-per-second"),
        ("[quotas]\nrequests = 25", "requests"),
        (
            '[registrars.a]\ntype = "aws-iot"\nregions = ["eu-west-1"]\npolicy-document = "{"',
            r"\[registrars\.a\]: policy-document is not JSON",
        ),
        (
            '[registrars.a]\ntype = "aws-iot"\nregions = ["eu-west-1"]\npolicy-document = "[]"',
            r"\[registrars\.a\]: policy-document is no policy",
        ),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PrivySealError, match=why) as refusal:
        read(tmp_path, text)
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


def test_where_checkpoints_go_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "").audit == AuditSettings(interval_seconds=5.0, sink="directory", directory="")
    here = read(tmp_path, '[audit]\ninterval-seconds = 1\ndirectory = "/mnt/elsewhere"')
    assert here.audit == AuditSettings(interval_seconds=1.0, directory="/mnt/elsewhere")
    bucket = 'bucket = "b"\nprefix = "p"\nregion = "r"\nprofile = "x"\nendpoint-url = "https://s3.example"'
    there = read(tmp_path, f'[audit]\nsink = "s3"\n{bucket}')
    assert there.audit == AuditSettings(
        sink="s3", bucket="b", prefix="p", region="r", profile="x", endpoint_url="https://s3.example"
    )


@pytest.mark.parametrize("name", ["PRIVYSEAL_AUDIT", "PRIVYSEAL_PUBLISHER", "PRIVYSEAL_QUOTAS"])
def test_no_variable_holds_a_table(tmp_path: Path, name: str) -> None:
    with pytest.raises(PrivySealError, match=name):
        load({}, tmp_path, environ={name: "x"})
