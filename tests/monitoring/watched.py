"""A running service of which there is something to see, and how to look at it."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from privyseal.client.errors import ApiError
from tests.acm.pairs import Wanted, make
from tests.crl.hierarchy import Authority
from tests.e2e.boto import client
from tests.service import Service, patience

SECONDS = 60
EVERYTHING = """
[rules.everything]
pattern = '{{"source": [{{"exists": true}}]}}'
targets = ["file", "gone"]

[targets.file]
type = "file"
path = "{folder}/events.jsonl"

[targets.gone]
type = "command"
command = ["/bin/false"]
"""

Sample = tuple[str, frozenset[tuple[str, str]]]


def started(data: Path, text: str, *options: str, **variables: str) -> Service:
    data.mkdir(mode=0o700)
    (data / "privyseal.toml").write_text(text.format(folder=data))
    return Service(data, *options, **variables).start()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(url: str) -> dict[Sample, float]:
    families = text_string_to_metric_families(get(f"{url}/metrics")[1])
    return {(s.name, frozenset(s.labels.items())): s.value for each in families for s in each.samples}


def value(url: str, name: str, **labels: str) -> float | None:
    return samples(url).get((name, frozenset(labels.items())))


def wait_until(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + patience(SECONDS)
    while not (found := what()):
        assert time.monotonic() < until, re.sub(r"\s+", " ", repr(found))
        time.sleep(0.1)
    return found


def import_one(service: Service, name: str, days: float) -> datetime:
    """The end of a certificate that has been imported."""
    pair = make(Wanted(datetime.now(UTC), name, (name,), days=(-1, days)))
    with client(service, "acm") as acm:
        acm.import_certificate(**pair.members)
    return pair.certificate.not_valid_after_utc


def make_busy(service: Service) -> None:
    """Something of everything that is counted: issued, refused, requested, imported; a CRL."""
    root = Authority(service, "Root to watch", None, {"Enabled": True, "ExpirationInDays": 7})
    with suppress(ApiError):
        root.issue(b"-----BEGIN CERTIFICATE REQUEST-----\nnone\n-----END CERTIFICATE REQUEST-----\n")
    with client(service, "acm") as acm:
        acm.request_certificate(
            DomainName="watched.example.com",
            CertificateAuthorityArn=root.arn,
            KeyAlgorithm="EC_prime256v1",
        )
