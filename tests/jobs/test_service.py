"""The jobs of a running service."""

import time
from urllib.request import urlopen

from privyseal.jobs.table import JOBS
from tests.service import Service, patience

SECONDS = 30
# Of installations that name a table and a bucket.
CONFIGURED = {"serverless.objects", "serverless.table"}


def test_somebody_does_every_job_of_the_table(service: Service) -> None:
    found = service.environment.client().rest("GET", "/jobs")["jobs"]
    assert [each["name"] for each in found] == sorted({job.name for job in JOBS} - CONFIGURED)


def test_what_has_run_is_seen_and_counted(service: Service) -> None:
    """The authorities that a start makes are changes, over which a checkpoint is signed."""
    client, until = service.environment.client(), time.monotonic() + patience(SECONDS)
    while True:
        (found,) = (
            each for each in client.rest("GET", "/jobs")["jobs"] if each["name"] == "audit.checkpoints"
        )
        if found["runs"]:
            break
        assert time.monotonic() < until
        time.sleep(0.05)
    assert found["condition"] in {"IDLE", "RUNNING"}
    assert (found["failures"], found["last_error"]) == (0, None)
    with urlopen(f"{service.url}/metrics") as answer:
        metrics = answer.read().decode()
    assert 'privyseal_job_runs_total{job="audit.checkpoints",outcome="done"}' in metrics
    assert 'privyseal_job_failures_in_a_row{job="audit.checkpoints"} 0' in metrics
    assert 'privyseal_job_last_success_seconds{job="audit.checkpoints"} ' in metrics
