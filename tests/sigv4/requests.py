"""Requests signed by botocore, which is the oracle, in the form in which a server receives them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from privyseal.sigv4 import SignedRequest

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
SERVICE = "acm-pca"
JSON_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "ACMPrivateCA.IssueCertificate",
}


def by_botocore(
    method: str = "POST",
    url: str = "http://127.0.0.1:8000/",
    headers: Mapping[str, str] = JSON_HEADERS,
    body: bytes = b"{}",
    *,
    token: str | None = None,
    region: str = REGION,
    service: str = SERVICE,
) -> SignedRequest:
    """What arrives when botocore signs this and sends it."""
    request = AWSRequest(method, url, dict(headers), body)
    SigV4Auth(Credentials(KEY_ID, SECRET, token), service, region).add_auth(request)
    parts = urlsplit(request.prepare().url)
    fields = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
    if "host" not in {name.lower() for name in headers}:
        fields.append((b"host", parts.netloc.encode()))
    return SignedRequest(method, parts.path.encode() or b"/", parts.query.encode(), fields, body)


def signed_at(request: SignedRequest) -> datetime:
    value = dict(request.headers)[b"x-amz-date"].decode()
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
