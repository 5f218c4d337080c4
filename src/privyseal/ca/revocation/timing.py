"""When CRLs are made: every time there is, in one place.

What is revoked is in a CRL within `GATHER`, a look of the jobs (`jobs.runner.LOOK_S`) and the making itself;
where the last one is younger than `INTERVAL`, when that is over. The promise is 60 seconds.
"""

from datetime import timedelta

# What is revoked together goes into one CRL.
GATHER = timedelta(seconds=1)
# From one making of a CRL to the next: a million entries take seconds of a core.
INTERVAL = timedelta(seconds=30)
# A process that makes a CRL holds it for so long, and longer with every few megabytes that it has stored
# or copied. What a process that died has begun is begun again after that, within the promise.
LEASE = timedelta(seconds=20)
# Downloads of a CRL that has been replaced may take so long.
KEEP = timedelta(minutes=3)
# AWS retries every 15 minutes; we begin sooner.
RETRY_FIRST = timedelta(seconds=10)
RETRY_LAST = timedelta(minutes=15)
# A CRL that may not be made now (its authority has expired, say) is looked at again.
RECHECK = timedelta(minutes=5)
# A clock may be set back so far; further back nothing is published.
CLOCK_SLACK = timedelta(minutes=5)


def retry_after(failures: int) -> timedelta:
    """After so many failures in a row."""
    return min(RETRY_FIRST * (1 << min(failures - 1, 10)), RETRY_LAST)
