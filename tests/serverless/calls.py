"""Requests of serverless-ca's clients to a running service, with boto3 as they have it."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.serverless.world import coded, csr
from tests.service import Service

TLS = "serverless-tls-cert-dev"


def event(common_name: str = "server.example.com", **more: Any) -> dict[str, Any]:
    """For a fresh key, unless `more` says otherwise."""
    return {"common_name": common_name, "base64_csr_data": coded(csr(common_name)), **more}


def invoke(client: Any, asked: Any, function: str = TLS, **more: Any) -> Any:
    """What the function answers; that it is answered as Lambda answers a function without an error."""
    answer = client.invoke(FunctionName=function, Payload=json.dumps(asked), **more)
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def certificates_of(service: Service, common_name: str) -> int:
    """Those that have both of their rows: counted in the database, not by what the service says."""
    path = f"file:{service.data_dir / 'privyseal.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        rows = database.execute(
            "SELECT c.serial FROM certificate c JOIN serverless_certificate s"
            " ON s.authority_id = c.authority_id AND s.serial = c.serial WHERE s.common_name = ?",
            [common_name],
        ).fetchall()
    return len(rows)
