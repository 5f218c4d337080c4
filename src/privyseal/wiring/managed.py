"""Managed certificates, and the jobs that keep them fresh."""

from collections.abc import Callable
from datetime import timedelta

from privyseal.ca.service import CertificateAuthorities
from privyseal.jobs.runner import Runner
from privyseal.managed.quotas import ImportQuota
from privyseal.managed.renewal import Schedule
from privyseal.managed.service import Managed
from privyseal.meter import Meter
from privyseal.settings import ManagedSettings, QuotaSettings
from privyseal.store import Store
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.managed_rows import MANAGED_ROWS
from privyseal.wrapping import Wrapper


def managed_certificates(
    store: Store,
    wrapper: Wrapper,
    authorities: CertificateAuthorities,
    section: ManagedSettings,
    wake: Callable[[str], None],
    *,
    quotas: QuotaSettings,
    meter: Meter,
) -> Managed:
    return Managed(
        store,
        MANAGED_ROWS,
        REPOSITORIES,
        wrapper,
        issue=authorities.issuance.issue,
        issuers=authorities.issuers,
        validity=timedelta(days=section.validity_days),
        schedule=Schedule(timedelta(days=section.renewal_days)),
        import_quota=ImportQuota(quotas.imported_certificates, quotas.imports_per_year),
        most_names=quotas.names_per_certificate,
        wake=wake,
        meter=meter,
    )


def add_managed_jobs(jobs: Runner, managed: Managed) -> None:
    for name, (run, waiting) in managed.jobs.items():
        jobs.add(name, run, waiting)
