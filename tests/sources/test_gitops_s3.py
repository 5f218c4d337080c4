"""A bucket that this service may not read: it is told whose permissions are missing, not the caller's."""

from http.server import BaseHTTPRequestHandler

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.sources.s3 import S3Source
from tests.http_server import serving


class _Forbidden(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        self.send_response(403)
        self.send_header("content-type", "application/xml")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.usefixtures("aws_environment")
def test_a_bucket_that_may_not_be_read_names_the_permissions() -> None:
    with serving(_Forbidden, None) as port:
        source = S3Source("b", "", Selection(), endpoint_url=f"http://127.0.0.1:{port}", region="eu-west-1")
        for ask in (source.revision, source.snapshot):
            with pytest.raises(PrivySealError) as caught:
                ask()
            assert caught.value.code is ErrorCode.INVALID_STATE
            assert "The bucket b cannot be read" in caught.value.message
            assert "need s3:ListBucket and s3:GetObject" in caught.value.message
