"""Answers in a bucket of S3: moto holds them and answers for the presigned links."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.states import Event
from privyseal.frontends.http import App
from privyseal.frontends.provisioning.counters import BucketCounter
from privyseal.meter import SilentMeter
from privyseal.publishers.s3 import S3Publisher
from tests.devices.deployment import OPERATOR, REGION, deployment
from tests.devices.requests import csr
from tests.frontends.live import serving
from tests.provisioning.desk import Desk
from tests.provisioning.test_links import ASYNC, Slow, World
from tests.provisioning.test_provisioning import JSON, Reply, asked, send

BUCKET = "device-answers"
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(name="here")
def here_fixture(empty_moto: str) -> Iterator[World]:
    s3 = boto3.client("s3", region_name=REGION, endpoint_url=empty_moto)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        issuer = Slow(product.issuer(product.hierarchy()))
        publisher = S3Publisher(endpoint_url=empty_moto, region=REGION)
        counter = BucketCounter(publisher.put, publisher.presigned, BUCKET, "in/", product.clock)
        desk = Desk(product, product.enrolment(issuer), counter=counter, lifetime=timedelta(hours=2))
        with serving(App(desk.routes(), SilentMeter())) as url:
            yield World(product, issuer, desk, url)


def fetch(link: str) -> Reply:
    """As a device does it: with the link and nothing else."""
    parts = urlsplit(link)
    return send(f"http://{parts.netloc}", b"", method="GET", path=f"{parts.path}?{parts.query}", headers={})


@pytest.mark.parametrize("path", ["/provision", "/new", "/proto"])
def test_the_bucket_has_exactly_what_the_call_would_have_answered(here: World, path: str) -> None:
    request = csr(KEY, "sensor")
    placed = send(here.url, asked(request), path=path, headers=ASYNC)
    assert placed.status == 202
    link = placed.headers["location"]
    assert urlsplit(link).path.startswith(f"/{BUCKET}/in/")
    asked_for = parse_qs(urlsplit(link).query)
    assert asked_for["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert 7190 <= int(asked_for["X-Amz-Expires"][0]) <= 7200
    assert fetch(link).status == 404
    here.desk.work()
    fetched, called = fetch(link), here.ask(request, path, JSON)
    assert (fetched.status, fetched.body) == (200, called.body)
    assert fetched.headers["content-type"] == called.headers["content-type"]
    assert here.ask(request, path).headers["location"] == link


def test_an_error_is_a_problem_document_in_the_bucket(here: World) -> None:
    """Of every contract: an object has no status."""
    link = here.ask(csr(KEY, "sensor"), "/new").headers["location"]
    here.product.lifecycle.change(OPERATOR, Event.SUSPENDED, ["sensor"])
    here.desk.work()
    fetched = fetch(link)
    assert fetched.headers["content-type"] == "application/problem+json"
    assert (fetched.json["status"], fetched.json["code"]) == (403, "access-denied")


def test_an_answer_that_the_bucket_does_not_take_is_brought_again(here: World, empty_moto: str) -> None:
    """The device's link says that there is an answer when there is one, and the certificate is the same."""
    s3 = boto3.client("s3", region_name=REGION, endpoint_url=empty_moto)
    link = here.ask(csr(KEY, "sensor")).headers["location"]
    s3.delete_bucket(Bucket=BUCKET)
    here.desk.work()
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    here.product.clock.advance(timedelta(minutes=1))
    here.desk.work()
    assert fetch(link).status == 200
    assert here.issuer.calls == 1
