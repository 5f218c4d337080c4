"""Recurring work as the API shows it, through the client library."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from privyseal.client import ApiError
from privyseal.jobs import model
from privyseal.jobs.model import Run
from privyseal.jobs.table import JOBS
from privyseal.stores.repositories.jobs import SqlJobs
from tests.api.conftest import GUEST_KEY, Service

CRLS = next(job for job in JOBS if job.name == "ca.crls")
EXPIRY = next(job for job in JOBS if job.name == "ca.expiry")
HOLDER = "node/7/00000000-0000-0000-0000-000000000000"


def listed(service: Service, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = service.client().rest("GET", "/jobs")["jobs"]
    assert [each["name"] for each in found] == sorted(job.name for job in JOBS)
    return next(each for each in found if each["name"] == name)


def now_of(service: Service) -> datetime:
    return service.product.store.view(lambda tx: tx.now)


def put(service: Service, row: model.Standing) -> None:
    service.product.store.transact(lambda tx: SqlJobs().put(tx, row))


def test_a_job_that_has_not_run_yet_is_listed_too(service: Service) -> None:
    found = listed(service, "ca.crls")
    assert (found["condition"], found["next_at"], found["shared"], found["runs"]) == ("NEW", None, True, 0)
    assert found["seconds"] is found["ended_at"] is found["holder"] is found["last_error"] is None


def test_the_last_run_is_told(service: Service) -> None:
    now = now_of(service)
    run = Run(HOLDER, now - timedelta(seconds=1.5), now, None, runs=3)
    put(service, model.after(model.new("ca.expiry", now), EXPIRY, run))
    found = listed(service, "ca.expiry")
    assert (found["condition"], found["seconds"], found["runs"], found["holder"]) == ("IDLE", 1.5, 3, HOLDER)
    assert datetime.fromisoformat(found["next_at"]) == now + EXPIRY.every
    assert datetime.fromisoformat(found["succeeded_at"]) == now


def test_a_run_is_seen_while_it_lasts(service: Service) -> None:
    now = now_of(service)
    put(service, model.taken(model.new("ca.expiry", now), HOLDER, now))
    found = listed(service, "ca.expiry")
    assert (found["condition"], found["seconds"]) == ("RUNNING", None)


def test_a_failing_job_says_what_is_wrong_and_when_it_is_tried_again(service: Service) -> None:
    now = now_of(service)
    row = model.new("ca.crls", now)
    for _ in range(4):
        row = model.after(row, CRLS, Run(HOLDER, now, now, "The bucket is away."))
    put(service, row)
    found = listed(service, "ca.crls")
    assert found["condition"] == "FAILING"
    assert (found["last_error"], found["failures_in_a_row"], found["failures"]) == (
        "The bucket is away.",
        4,
        4,
    )
    assert datetime.fromisoformat(found["next_at"]) == row.next_at
    assert found["succeeded_at"] is None


def test_only_administrators_see_them(service: Service) -> None:
    with pytest.raises(ApiError) as refused:
        service.client(GUEST_KEY).rest("GET", "/jobs")
    assert refused.value.status == 403
