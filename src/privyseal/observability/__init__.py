"""What an operator sees of the running service: numbers, health, traces."""

# What sends numbers elsewhere; each is loaded only where a setting asks for it.
EXPORTERS = {
    "cloudwatch": "privyseal.observability.cloudwatch:CloudWatch",
    "traces": "privyseal.observability.traces:OtlpTracer",
}
