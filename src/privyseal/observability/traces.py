"""Spans to an OpenTelemetry collector, by OTLP over HTTP.

What a collector needs besides its address (headers, a certificate, a sampler) stands in OpenTelemetry's own
variables, OTEL_…, which the library reads.
"""

from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from privyseal.tracing import Attributes

# A collector that is away holds up the end of a process no longer than this, in seconds.
TIMEOUT_S = 3


class OtlpTracer:
    """Implements `privyseal.tracing.Tracer`. Spans wait in memory, 2,048 at most, and are sent by a thread of
    the library every 5 s; more are dropped.
    """

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"service.name": "privyseal", "service.version": version("privyseal")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("privyseal")
        self._propagator = TraceContextTextMapPropagator()

    def ended(
        self,
        name: str,
        began: int,
        attributes: Attributes,
        *,
        failed: bool = False,
        parent: str | None = None,
    ) -> None:
        caller = self._propagator.extract({"traceparent": parent}, Context()) if parent else Context()
        span = self._tracer.start_span(
            name,
            context=caller,
            kind=SpanKind.SERVER if "http.request.method" in attributes else SpanKind.INTERNAL,
            attributes=attributes,
            start_time=began,
        )
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end()

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()
