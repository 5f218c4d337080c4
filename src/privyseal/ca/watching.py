"""What is told of each issuing batch: log lines know its requests, it is counted, and traced where wanted."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from privyseal import log
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.errors import PrivySealError
from privyseal.meter import Meter
from privyseal.tracing import Attributes, Tracer

Batch = Callable[[Sequence[IssueRequest]], Sequence[Issued | PrivySealError]]
# So many requests are named in a span.
MOST_NAMED = 16


class Watch:
    def __init__(self, meter: Meter, tracer: Tracer | None) -> None:
        self._meter = meter
        self._tracer = tracer

    def over(self, batch: Batch, requests: Sequence[IssueRequest]) -> Sequence[Issued | PrivySealError]:
        began = time.time_ns()
        with log.about(request_ids=_Ids(requests)):
            answers = batch(requests)
        refusals = [each for each in answers if isinstance(each, PrivySealError)]
        refused = Counter(each.code.value for each in refusals)
        self._count(_without_refused(requests, answers) if refusals else requests, refused)
        if self._tracer is not None:
            attributes: Attributes = {
                "privyseal.batch.size": len(requests),
                "privyseal.batch.issued": len(requests) - refused.total(),
                "privyseal.batch.refused": refused.total(),
                "privyseal.request_ids": [each.caller.request_id for each in requests[:MOST_NAMED]],
            }
            self._tracer.ended("issue batch", began, attributes, failed=len(requests) == refused.total())
        return answers

    def _count(self, issued: Sequence[IssueRequest], refused: Counter[str]) -> None:
        """Few callers have many requests, so each caller is asked once which service it is."""
        callers = {each.caller.principal: each.caller for each in issued}
        for principal, number in Counter([each.caller.principal for each in issued]).items():
            service = callers[principal].service or "none"
            self._meter.count("certificates_issued", number, service=service)
        for code, number in refused.items():
            self._meter.count("issuing_refused", number, code=code)


def _without_refused(
    requests: Sequence[IssueRequest], answers: Sequence[Issued | PrivySealError]
) -> Sequence[IssueRequest]:
    pairs = zip(requests, answers, strict=True)
    return [request for request, answer in pairs if isinstance(answer, Issued)]


class _Ids:
    """The ids of a batch, put together only where a line is written."""

    def __init__(self, requests: Sequence[IssueRequest]) -> None:
        self._requests = requests

    def __str__(self) -> str:
        return " ".join(each.caller.request_id for each in self._requests)
