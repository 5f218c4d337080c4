"""boto3 on a running service, in either protocol of acm-pca, with a look at what goes over the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from privyseal.client.csr import generate_csr
from privyseal.frontends.aws.errors import COMMON
from tests.aws_wire.fake import prefer_cbor
from tests.service import Service

# Protocol → the Content-Type of its requests and answers.
PROTOCOLS = {"json": "application/x-amz-json-1.1", "smithy-rpc-v2-cbor": "application/cbor"}

EC_CONFIGURATION = {
    "KeyAlgorithm": "EC_prime256v1",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Subject": {"Country": "US", "Organization": "MyCompany", "CommonName": "MyCompany Root CA"},
}
TEMPLATE = "arn:aws:acm-pca:::template/"


@dataclass
class Wire:
    """The Content-Types that were sent and received."""

    sent: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)

    def before_send(self, request: Any, **_: Any) -> None:
        value = request.headers["Content-Type"]
        self.sent.append(value.decode() if isinstance(value, bytes) else value)

    def after_call(self, http_response: Any, **_: Any) -> None:
        if http_response.content:  # an operation without output answers with no body
            self.received.append(http_response.headers["Content-Type"])


@contextmanager
def client(service: Service, name: str = "acm-pca", protocol: str = "json", **more: Any) -> Iterator[Any]:
    """A client that knows the endpoint and the key, and is closed at the end. `more` is boto3's own."""
    session = botocore.session.Session()
    if protocol != "json":
        prefer_cbor(session, name)
    found = service.environment
    made = boto3.session.Session(botocore_session=session).client(
        name,
        endpoint_url=more.pop("endpoint_url", found.url),
        region_name=found.region,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
        **more,
    )
    made.meta.events.register("after-call.acm-pca", only_modelled)
    try:
        yield made
    finally:
        made.close()


def only_modelled(model: Any, parsed: Any, **_: Any) -> None:
    """Fail the test in which an operation answers an error that the service model does not list for it."""
    code = parsed.get("Error", {}).get("Code", "")
    assert not code or code in {each.name for each in model.error_shapes} | COMMON, (model.name, parsed)


@contextmanager
def watched(service: Service, protocol: str) -> Iterator[Any]:
    """An acm-pca client; at the end, every request and answer was in its protocol."""
    wire = Wire()
    with client(service, protocol=protocol) as pca:
        pca.meta.events.register("before-send.acm-pca", wire.before_send)
        pca.meta.events.register("after-call.acm-pca", wire.after_call)
        yield pca
    assert set(wire.sent) == {PROTOCOLS[protocol]}
    assert set(wire.received) == {PROTOCOLS[protocol]}


def create(pca: Any, kind: str = "ROOT", name: str = "MyCompany Root CA", **more: Any) -> str:
    """An authority in PENDING_CERTIFICATE."""
    subject = {"Country": "US", "Organization": "MyCompany", "CommonName": name}
    made = pca.create_certificate_authority(
        CertificateAuthorityConfiguration=EC_CONFIGURATION | {"Subject": subject},
        CertificateAuthorityType=kind,
        **more,
    )
    return str(made["CertificateAuthorityArn"])


def issue(pca: Any, arn: str, csr: bytes, template: str = "EndEntityCertificate", **more: Any) -> str:
    asked = {
        "SigningAlgorithm": "SHA256WITHECDSA",
        "TemplateArn": f"{TEMPLATE}{template}/V1",
        "Validity": {"Type": "DAYS", "Value": 365},
    }
    return str(pca.issue_certificate(CertificateAuthorityArn=arn, Csr=csr, **asked | more)["CertificateArn"])


def activate(
    pca: Any, arn: str, *, parent: str | None = None, path_length: int = 0, signing: str = "SHA256WITHECDSA"
) -> str:
    """Give a pending authority its certificate, waiting as boto3 waits; its PEM."""
    pca.get_waiter("certificate_authority_csr_created").wait(CertificateAuthorityArn=arn)
    csr = pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"].encode()
    template = f"SubordinateCACertificate_PathLen{path_length}" if parent else "RootCACertificate"
    days = 900 + path_length if parent else 1000  # none may outlive the one above it
    terms = {"SigningAlgorithm": signing, "Validity": {"Type": "DAYS", "Value": days}}
    certificate = issue(pca, parent or arn, csr, template, **terms)
    where = {"CertificateAuthorityArn": parent or arn, "CertificateArn": certificate}
    pca.get_waiter("certificate_issued").wait(**where)
    found = pca.get_certificate(**where)
    chain = {"CertificateChain": found["CertificateChain"].encode()} if parent else {}
    pca.import_certificate_authority_certificate(
        CertificateAuthorityArn=arn, Certificate=found["Certificate"].encode(), **chain
    )
    return str(found["Certificate"])


def csr_for(name: str) -> bytes:
    return generate_csr(name, [name])[0].encode()
