"""The terms of device certificates: template and validity, capped to the issuer's end."""

from datetime import UTC, datetime, timedelta

from privyseal.devices.terms import Terms

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ARN = "arn:{}:acm-pca:{}:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555"
YEAR = timedelta(days=365)


def test_the_template_is_in_the_partition_of_the_region() -> None:
    assert Terms(ARN.format("aws", "us-east-1")).template_arn == (
        "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
    )
    terms = Terms(ARN.format("aws-cn", "cn-north-1"), template="EndEntityClientAuthCertificate/V1")
    assert terms.template_arn == "arn:aws-cn:acm-pca:::template/EndEntityClientAuthCertificate/V1"


def test_days_while_the_issuer_lives_longer() -> None:
    terms = Terms(ARN.format("aws", "us-east-1"))
    assert terms.validity(NOW, None) == ("DAYS", 365)
    assert terms.validity(NOW, NOW + YEAR + timedelta(minutes=5)) == ("DAYS", 365)


def test_the_issuers_end_where_it_comes_first() -> None:
    terms = Terms(ARN.format("aws", "us-east-1"), validity_days=30)
    for end in (NOW + timedelta(days=1), NOW + timedelta(days=30), NOW + timedelta(days=30, minutes=4)):
        assert terms.validity(NOW, end) == ("ABSOLUTE", int(end.timestamp()))
