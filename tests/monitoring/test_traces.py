"""Traces: what a collector receives over OTLP, decoded by OpenTelemetry's own messages."""

import gzip
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from privyseal.client.errors import ApiError
from privyseal.observability.traces import OtlpTracer
from tests.crl.hierarchy import Authority
from tests.monitoring.watched import started
from tests.targets.http_receiver import Receiver, receiver

ERROR, SERVER, INTERNAL = 2, 2, 1  # Status.STATUS_CODE_ERROR and SpanKind of trace.proto


@pytest.fixture(name="collector")
def collector_fixture() -> Iterator[Receiver]:
    with receiver() as made:
        made.status = 200
        yield made


def endpoint(collector: Receiver) -> str:
    return f"http://127.0.0.1:{collector.port}/v1/traces"


def spans(collector: Receiver) -> list[dict[str, Any]]:
    """All that has come; a span's attributes among its members."""
    found = []
    for each in list(collector.posted):
        body = gzip.decompress(each.body) if each.headers.get("content-encoding") == "gzip" else each.body
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            (name,) = (a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            assert name == "privyseal"
            found += [_read(span) for scope in resource.scope_spans for span in scope.spans]
    return found


def _read(span: Any) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind,
        "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        "trace": span.trace_id.hex(),
        "parent": span.parent_span_id.hex(),
        "status": span.status.code,
    } | {each.key: _value(each.value) for each in span.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return (
        [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)
    )


def test_spans_are_sent_at_the_end_with_all_that_is_said_of_them(collector: Receiver) -> None:
    tracer = OtlpTracer(endpoint(collector))
    tracer.ended("work", time.time_ns() - 2_000_000_000, {"a": "b", "n": 3, "ids": ["x", "y"]}, failed=True)
    tracer.close()
    (span,) = spans(collector)
    assert (span["name"], span["kind"], span["status"]) == ("work", INTERNAL, ERROR)
    assert (span["a"], span["n"], span["ids"]) == ("b", 3, ["x", "y"])
    assert 2 <= span["seconds"] < 30
    assert collector.posted[0].path == "/v1/traces"


def test_a_caller_who_traces_is_the_parent(collector: Receiver) -> None:
    tracer = OtlpTracer(endpoint(collector))
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    tracer.ended("called", time.time_ns(), {"http.request.method": "GET"}, parent=parent)
    tracer.ended("alone", time.time_ns(), {}, parent="not a traceparent")
    tracer.close()
    called, alone = spans(collector)
    assert (called["trace"], called["parent"]) == (parent.split("-")[1], parent.split("-")[2])
    assert called["kind"] == SERVER
    assert alone["parent"] == ""


def test_a_collector_that_is_away_holds_nothing_up() -> None:
    tracer = OtlpTracer("http://127.0.0.1:9/v1/traces")
    began = time.monotonic()
    for _ in range(5000):  # more than wait
        tracer.ended("lost", time.time_ns(), {})
    assert time.monotonic() - began < 20
    tracer.close()


def test_requests_and_batches_of_a_service_are_traced(collector: Receiver, tmp_path: Path) -> None:
    """With outcome, operation and request id; the batch names the requests that are in it."""
    service = started(tmp_path / "data", f'[tracing]\nendpoint = "{endpoint(collector)}"\n')
    try:
        root = Authority(service, "Traced Root", None, None)
        root.leaf("traced.example.com")
        with suppress(ApiError):
            root.issue(b"none")
        with urlopen(
            Request(f"{service.url}/healthz", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
        ):
            pass
    finally:
        assert service.stop() == 0, service.log.read_text()  # and sends what waits
    found = spans(collector)
    issuing = [each for each in found if each.get("privyseal.operation") == "acm-pca:IssueCertificate"]
    assert {each["privyseal.outcome"] for each in issuing} == {"ok", "malformed-csr"}
    assert {each["kind"] for each in issuing} == {SERVER}
    assert all(each["http.response.status_code"] in {200, 400} for each in issuing)
    batches = [each for each in found if each["name"] == "issue batch"]
    assert sum(each["privyseal.batch.issued"] for each in batches) == 2
    named = {one for each in batches for one in each["privyseal.request_ids"]}
    assert named >= {each["privyseal.request_id"] for each in issuing}
    (health,) = (each for each in found if each.get("privyseal.operation") == "healthz")
    assert (health["trace"], health["parent"]) == ("a" * 32, "b" * 16)


def test_without_a_collector_the_library_is_not_imported() -> None:
    """It would cost every process its memory and its start."""
    code = "import sys, privyseal.cli.serve, privyseal.wiring; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
