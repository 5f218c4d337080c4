"""Requests signed by botocore, which is the oracle, in the form in which a server receives them."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from privyseal.sigv4 import SignedRequest
from privyseal.value import changed

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


def by_hand(
    request: SignedRequest, names: list[bytes], *, date: str | None = None, end: str = "aws4_request"
) -> SignedRequest:
    """The same request with a correct signature over these headers, in this scope: what a client could
    make that holds the key and does as it likes.
    """
    fields = dict(request.headers)
    timestamp = fields[b"x-amz-date"].decode()
    scope = f"{date or timestamp[:8]}/{REGION}/{SERVICE}/{end}"
    lines = [request.method.encode(), request.raw_path, request.raw_query]
    lines += [name + b":" + b" ".join(fields[name].split()) for name in names]
    lines += [b"", b";".join(names), sha256(request.body).hexdigest().encode()]
    digest = sha256(b"\n".join(lines)).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    key = f"AWS4{SECRET}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    value = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, "
        f"SignedHeaders={b';'.join(names).decode()}, Signature={key.hex()}"
    )
    others = [(name, old) for name, old in request.headers if name != b"authorization"]
    return changed(request, headers=[*others, (b"authorization", value.encode())])


def signed_at(request: SignedRequest) -> datetime:
    value = dict(request.headers)[b"x-amz-date"].decode()
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
