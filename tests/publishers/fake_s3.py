"""As much of S3 as a publisher asks of it, over HTTP: ACLs, objects, multipart uploads, refusals."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.http_server import serving

_ACL = """<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList/></AccessControlPolicy>"""
_STARTED = "<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>"
_COMPLETED = "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"


class FakeS3:
    """`buckets` that exist; `objects` by (bucket, key): content and type. `refusals`: bucket → the
    (status, code) with which everything in it is refused; with `writes_only`, only writing.
    """

    def __init__(self) -> None:
        self.url = ""
        self.buckets = {"reports"}
        self.objects: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        self.writes_only = False
        self.parts: list[int] = []  # sizes of the parts of the last multipart upload
        self.uploads: dict[str, tuple[str, dict[int, bytes]]] = {}
        self.requests: list[str] = []
        self.acls: dict[tuple[str, str], str | None] = {}  # as the last PUT of an object asked for it


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: FakeS3

    def do_GET(self) -> None:
        self._answer(200, _ACL)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if upload := self._query.get("uploadId"):
            self.state.uploads[upload][1][int(self._query["partNumber"])] = body
        elif not self._refused:
            self.state.objects[self._place] = body, self.headers["Content-Type"]
            self.state.acls[self._place] = self.headers.get("x-amz-acl")
        self._answer(200, "")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if upload := self._query.get("uploadId"):
            content_type, parts = self.state.uploads.pop(upload)
            self.state.parts = [len(parts[number]) for number in sorted(parts)]
            whole = b"".join(parts[number] for number in sorted(parts))
            self.state.objects[self._place] = whole, content_type
            self._answer(200, _COMPLETED)
            return
        upload = f"upload-{len(self.state.requests)}"
        if not self._refused:
            self.state.uploads[upload] = self.headers["Content-Type"], {}
        self._answer(200, _STARTED.format(upload))

    def do_DELETE(self) -> None:
        self.state.uploads.pop(self._query.get("uploadId", ""), None)
        self._answer(204, "")

    @property
    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def _place(self) -> tuple[str, str]:
        bucket, _, key = urlsplit(self.path).path[1:].partition("/")
        return bucket, unquote(key)

    @property
    def _refused(self) -> tuple[int, str] | None:
        bucket, _ = self._place
        if bucket not in self.state.buckets:
            return 404, "NoSuchBucket"
        return None if self.state.writes_only and self.command == "GET" else self.state.refusals.get(bucket)

    def _answer(self, status: int, body: str) -> None:
        signed = re.search(r"/([^/]+)/s3/aws4_request", self.headers.get("Authorization", ""))
        self.state.requests.append(f"{self.command} {self.path} {signed[1] if signed else 'unsigned'}")
        if self._refused:
            status, code = self._refused
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"tag"')
        self.end_headers()
        self.wfile.write(body.encode())


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    state = FakeS3()
    with serving(_Handler, state) as port:
        state.url = f"http://127.0.0.1:{port}"
        yield state


def only_test_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials where every AWS tool looks for them, and nothing of the developer's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
