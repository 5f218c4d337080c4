"""Every job of this product. `wiring/` says which function does each one.

An exclusive job is run by one process at a time, which holds the lease of its row. A shared job is run by
every process that finds something waiting: its work holds rows of its own (a CRL, an order, a report …),
so that many processes get through more of it.
"""

from dataclasses import dataclass
from datetime import timedelta

AT_ONCE = timedelta(0)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Job:
    """`every`: how long it rests after a run. It then runs as soon as something is waiting, or, where nobody
    can say so, when the rest is over. After failures it rests from `retry` to `retry_last`.
    """

    name: str
    every: timedelta
    retry: timedelta = 2 * SECOND
    retry_last: timedelta = 15 * MINUTE
    shared: bool = False


JOBS = (
    Job("ca.sign", AT_ONCE, retry=SECOND, retry_last=MINUTE, shared=True),
    Job("ca.crls", AT_ONCE, retry=SECOND, retry_last=10 * SECOND, shared=True),
    Job("ca.responders", AT_ONCE, retry=SECOND, retry_last=MINUTE, shared=True),
    Job("ca.mass-revocations", AT_ONCE, retry=SECOND, retry_last=10 * SECOND, shared=True),
    Job("ca.audit-reports", AT_ONCE, shared=True),
    Job("ca.ocsp-answers", MINUTE),
    Job("ca.expiry", MINUTE),
    Job("audit.checkpoints", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("audit.export", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("devices.orders", AT_ONCE, retry=SECOND, retry_last=MINUTE, shared=True),
    Job("devices.retire", 10 * SECOND, shared=True),
    Job("devices.registrars", AT_ONCE, retry=SECOND, retry_last=MINUTE, shared=True),
    Job("devices.rotation", 2 * SECOND),
    Job("managed.issue", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("managed.renew", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("managed.notices", MINUTE),
    Job("managed.expire", MINUTE),
    Job("managed.follow", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("serverless.gitops", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("serverless.follow", 2 * SECOND, retry=SECOND, retry_last=MINUTE),
    Job("serverless.reminders", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("serverless.table", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("serverless.objects", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("events.dispatch", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("events.deliver", AT_ONCE, retry=SECOND, retry_last=MINUTE),
    Job("monitoring.cloudwatch", 12 * HOUR, retry=MINUTE, retry_last=HOUR),
)
