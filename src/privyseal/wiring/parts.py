"""What serving and the ceremonies of a start share."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any, Protocol

from msgspec import structs

from privyseal.access.model import AccessKey, Principal
from privyseal.ca.keys import KeyStores
from privyseal.ca.ports import KeyStore, Publisher
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.client.api import Caller
from privyseal.clock import Clock, SystemClock
from privyseal.devices.gathered_commits import GatheredStore
from privyseal.devices.reach import Reach
from privyseal.events.checkpointing import ensure_key
from privyseal.events.ports import Target
from privyseal.frontends.aws import acm, acm_pca
from privyseal.frontends.aws.quotas import limited
from privyseal.frontends.http import Pool
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.in_process import InProcess
from privyseal.jobs.overview import Overview
from privyseal.keystores import KEYSTORES
from privyseal.meter import SILENT, Meter
from privyseal.publishers import PUBLISHERS
from privyseal.registrars.mosquitto import MosquittoRegistrar
from privyseal.settings import PublisherSettings, Settings
from privyseal.settings.storage import AwsKmsSettings
from privyseal.store import Store
from privyseal.stores import STORES
from privyseal.stores.repositories.access_keys import SqlAccessKeys
from privyseal.stores.repositories.audit import SqlTrail
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.jobs import SqlJobs
from privyseal.stores.repositories.subscriptions import SqlSubscriptions
from privyseal.tracing import Tracer
from privyseal.wiring.audit import sink
from privyseal.wiring.jobs import add_authority_jobs, runner
from privyseal.wiring.managed import add_managed_jobs, managed_certificates
from privyseal.wiring.shelves import row

# Blocking calls at once in one process, and how many more may wait.
POOL_THREADS = 8
POOL_QUEUE = 256
DEVICE_THREADS = 32
LINK_THREADS = 4  # for those who will not wait, however many do


class Database(Store, Protocol):
    """What a row of the table of stores is besides: set up before use, closed after it."""

    def migrate(self) -> None: ...

    def close(self) -> None: ...


class Parts:
    """What both ways of running share."""

    def __init__(
        self,
        directory: DataDirectory,
        settings: Settings,
        meter: Meter = SILENT,
        tracer: Tracer | None = None,
    ) -> None:
        self.settings = settings
        self.directory = directory
        self.clock: Clock = SystemClock()
        wrapper = directory.wrapper()
        self.store: Database = row(STORES, "sqlite")(directory.database, self.clock)
        self.store.migrate()
        self.trail = SqlTrail(wrapper)
        self.audit_key = ensure_key(self.store, self.trail)
        directory.keep_audit_key(self.audit_key.public.pem())
        self.sink = sink(directory, settings.audit)
        self.access_keys = SqlAccessKeys(wrapper)
        self.subscription_rows = SqlSubscriptions(wrapper)
        self.targets: dict[str, Target] = {}  # those that `wiring.targets` has made
        self.jobs = runner(self.store)
        self.publisher = _publisher(directory, settings.publisher)
        self.kms = cache(partial(_kms, settings.aws_kms))  # new keys are made here, not there
        self.authorities = _authorities(
            self.store,
            KeyStores(row(KEYSTORES, "software")(wrapper), {"aws-kms": self.kms}),
            self.publisher,
            settings,
            self.jobs.wake,
            meter=meter,
            tracer=tracer,
        )
        add_authority_jobs(self.jobs, self.authorities)
        self.job_overview = Overview(self.store, SqlJobs(), lambda: self.jobs.jobs)
        self.managed = managed_certificates(
            self.store,
            wrapper,
            self.authorities,
            settings.managed,
            self.jobs.wake,
            quotas=settings.quotas,
            meter=meter,
        )
        add_managed_jobs(self.jobs, self.managed)
        self.pool = Pool(POOL_THREADS, POOL_QUEUE)
        # An issuer elsewhere may take minutes: devices wait in threads of their own.
        self.device_pool = Pool(DEVICE_THREADS, POOL_QUEUE, name="device")
        self._device_commits = ThreadPoolExecutor(1, thread_name_prefix="device commits")
        self.device_store = GatheredStore(self.store, self._device_commits)
        self.link_pool = Pool(LINK_THREADS, POOL_QUEUE, name="link")
        self.brokers: dict[str, MosquittoRegistrar] = {}
        self.reach = Reach()
        self.acm_pca = acm_pca.service(self.authorities, self.pool)
        self.limited_acm_pca = limited(self.acm_pca, settings.quotas.requests_per_second)
        self.limited_acm = limited(
            acm.service(self.managed, self.pool),
            settings.quotas.acm_requests_per_second,
            setting="acm-requests-per-second",
        )

    def find_key(self, key_id: str) -> AccessKey | None:
        return self.store.view(lambda tx: self.access_keys.find(tx, key_id))

    def insert_key(self, key: AccessKey) -> None:
        self.store.transact(lambda tx: self.access_keys.insert(tx, key))

    def caller(self, principal: Principal) -> Caller:
        """acm-pca without HTTP, for the ceremonies of a start."""
        return InProcess(self.acm_pca, principal, self.settings.region, self.clock)

    def close(self) -> None:
        self.managed.close()
        self.authorities.close()
        self.pool.close()
        self.device_pool.close()
        self.link_pool.close()
        self._device_commits.shutdown()
        self.store.close()


@contextmanager
def offline(directory: DataDirectory, settings: Settings) -> Iterator[Parts]:
    """For a start, which issues at once: nobody would sign later."""
    with opened(directory, structs.replace(settings, asynchronous_issuing=False)) as parts:
        yield parts


@contextmanager
def opened(
    directory: DataDirectory, settings: Settings, meter: Meter = SILENT, tracer: Tracer | None = None
) -> Iterator[Parts]:
    parts = Parts(directory, settings, meter, tracer)
    try:
        yield parts
    finally:
        parts.close()


def _authorities(
    store: Store,
    key_store: KeyStore,
    publisher: Publisher,
    settings: Settings,
    wake: Callable[[str], None],
    *,
    meter: Meter,
    tracer: Tracer | None,
) -> CertificateAuthorities:
    return CertificateAuthorities(
        store,
        REPOSITORIES,
        key_store,
        publisher,
        urls=StatusUrls(settings.revocation_url or None, publisher.url),
        partition_size=settings.crl.partition_size,
        crl_deltas=settings.crl.delta,
        certificates_per_authority=settings.quotas.certificates_per_authority,
        issuing_delay=timedelta(seconds=settings.issuing_delay_seconds)
        if settings.asynchronous_issuing
        else None,
        wake=wake,
        meter=meter,
        tracer=tracer,
    )


def _kms(section: AwsKmsSettings) -> Any:
    """Where the keys are of authorities that were taken over. Raises INVALID_ARGUMENT."""
    return row(KEYSTORES, "aws-kms")(
        region=section.region or None,
        endpoint_url=section.endpoint_url or None,
        profile=section.profile or None,
    )


def _publisher(directory: DataDirectory, section: PublisherSettings) -> Publisher:
    if section.type == "directory":
        local: Publisher = row(PUBLISHERS, section.type)(directory.buckets)
        return local
    remote: Publisher = row(PUBLISHERS, section.type)(
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return remote
