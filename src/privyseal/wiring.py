"""From settings to objects: the only file that knows everyone.

`online` makes what a worker process serves; `offline` makes what a start needs before there are
workers: the same services, called in this process. Nothing here decides anything.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey, Principal
from privyseal.ca.ports import KeyStore, Publisher
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.client.api import Caller
from privyseal.clock import Clock, SystemClock
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.ports import Issuer
from privyseal.devices.registry import Registry
from privyseal.devices.terms import Terms
from privyseal.errors import PrivySealError
from privyseal.events.checkpointing import ensure_key
from privyseal.events.ports import JournalReader, Sink, Snapshots, Trail
from privyseal.events.refusals import Refusals
from privyseal.frontends.api import ApiFrontend
from privyseal.frontends.aws import acm_pca, sts
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.aws.quotas import limited
from privyseal.frontends.crl import CrlFrontend
from privyseal.frontends.health import Health
from privyseal.frontends.http import App, Authenticator, Limits, Pool, Route
from privyseal.frontends.ocsp import OcspFrontend
from privyseal.frontends.provisioning import ProvisioningFrontend
from privyseal.hosting.audit_trail import AuditTrail
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.in_process import InProcess
from privyseal.issuers import ISSUERS
from privyseal.keystores import KEYSTORES
from privyseal.meter import Meter
from privyseal.observability.metrics import PrometheusMeter, crl_gauges, render
from privyseal.publishers import PUBLISHERS
from privyseal.settings import AuditSettings, IssuerSettings, PublisherSettings, Settings
from privyseal.sinks import SINKS
from privyseal.store import Store
from privyseal.stores import READERS, STORES
from privyseal.stores.repositories.access_keys import SqlAccessKeys
from privyseal.stores.repositories.audit import SqlJournalReader, SqlTrail
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.wrapping import Wrapper

# Blocking calls at once in one process, and how many more may wait.
POOL_THREADS = 8
POOL_QUEUE = 256
DEVICE_THREADS = 32
# ImportCertificateAuthorityCertificate has the largest body: 32 KB and 2 MB of blobs, in base64.
LIMITS = Limits(body=3 * 1024 * 1024)


class Database(Store, Protocol):
    """What a row of the table of stores is besides: set up before use, closed after it."""

    def migrate(self) -> None: ...

    def close(self) -> None: ...


class Parts:
    """What both ways of running share."""

    def __init__(self, directory: DataDirectory, settings: Settings) -> None:
        self.settings = settings
        self.directory = directory
        self.clock: Clock = SystemClock()
        wrapper = directory.wrapper()
        self.store: Database = _row(STORES, "sqlite")(directory.database, self.clock)
        self.store.migrate()
        self.trail = SqlTrail(wrapper)
        self.audit_key = ensure_key(self.store, self.trail)
        directory.keep_audit_key(self.audit_key.public.pem())
        self.sink = _sink(directory, settings.audit)
        self.access_keys = SqlAccessKeys(wrapper)
        self.authorities = _authorities(self.store, wrapper, directory, settings)
        self.pool = Pool(POOL_THREADS, POOL_QUEUE)
        # An issuer elsewhere may take minutes: devices wait in threads of their own.
        self.device_pool = Pool(DEVICE_THREADS, POOL_QUEUE, name="device")
        self.acm_pca = acm_pca.service(self.authorities, self.pool)
        self.limited_acm_pca = limited(self.acm_pca, settings.quotas.requests_per_second)

    def find_key(self, key_id: str) -> AccessKey | None:
        return self.store.view(lambda tx: self.access_keys.find(tx, key_id))

    def insert_key(self, key: AccessKey) -> None:
        self.store.transact(lambda tx: self.access_keys.insert(tx, key))

    def caller(self, principal: Principal) -> Caller:
        """acm-pca without HTTP, for the ceremonies of a start."""
        return InProcess(self.acm_pca, principal, self.settings.region, self.clock)

    def close(self) -> None:
        self.authorities.close()
        self.pool.close()
        self.device_pool.close()
        self.store.close()


@dataclass(frozen=True, slots=True)
class Apps:
    """The ASGI applications of a worker; `status` where metrics and health have their own address,
    `revocation` where CRLs and OCSP have.
    """

    main: App
    status: App | None
    revocation: App | None


@contextmanager
def offline(directory: DataDirectory, settings: Settings) -> Iterator[Parts]:
    """For a start, which issues at once: nobody would sign later."""
    with _opened(directory, structs.replace(settings, asynchronous_issuing=False)) as parts:
        yield parts


@contextmanager
def _opened(directory: DataDirectory, settings: Settings) -> Iterator[Parts]:
    parts = Parts(directory, settings)
    try:
        yield parts
    finally:
        parts.close()


@contextmanager
def online(directory: DataDirectory, settings: Settings) -> Iterator[Apps]:
    with _opened(directory, settings) as parts:
        meter = PrometheusMeter()
        trail = _audit_trail(parts, meter)
        try:
            apps = _apps(parts, meter, trail.refusals)
            parts.authorities.start()
            trail.start()
            yield apps
        finally:
            trail.close()


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit trail of a data directory, for reading only: nothing is started, made or unlocked."""

    store: Snapshots
    trail: Trail
    journal: JournalReader


@contextmanager
def audit(directory: DataDirectory) -> Iterator[Audit]:
    store = _row(READERS, "sqlite")(directory.database, SystemClock())
    try:
        yield Audit(store, SqlTrail(), SqlJournalReader())
    finally:
        store.close()


def _sink(directory: DataDirectory, section: AuditSettings) -> Sink:
    if section.sink == "directory":
        folder = Path(section.directory) if section.directory else directory.audit
        local: Sink = _row(SINKS, section.sink)(folder)
        return local
    remote: Sink = _row(SINKS, section.sink)(
        section.bucket,
        section.prefix,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return remote


def _audit_trail(parts: Parts, meter: Meter) -> AuditTrail:
    return AuditTrail(
        parts.store,
        parts.trail,
        SqlJournalReader(),
        parts.audit_key,
        sink=parts.sink,
        meter=meter,
        interval_seconds=parts.settings.audit.interval_seconds,
    )


def _apps(parts: Parts, meter: Meter, refusals: Refusals) -> Apps:
    settings, clock, pool = parts.settings, parts.clock, parts.pool
    authenticator = Authenticator(KeyRing(parts.find_key, clock), pool, settings.region)
    devices = SqlDevices()
    aws = AwsFrontend([parts.limited_acm_pca, sts.service()], authenticator, clock, settings.region)
    registry = Registry(parts.store, devices)
    api = ApiFrontend(
        authenticator,
        clock,
        pool,
        certificates=parts.authorities.reader,
        devices=registry,
        revoking=parts.authorities.named_revoking,
        mass_revoking=parts.authorities.mass_revoking,
        crl_restarting=parts.authorities.crl_restarting,
    )
    health = Health(pool.run, lambda: parts.store.view(lambda _: None), lambda: _numbers(parts))
    routes = [*aws.routes(), *api.routes(), *_health_routes(health, settings)]
    if settings.revocation_port is None:
        routes += _revocation_routes(parts)
    issuer = _device_issuer(parts)
    if issuer is not None:
        enrolment = Enrolment(
            parts.store, devices, issuer, account=settings.account, names=settings.devices.names
        )
        routes += ProvisioningFrontend(enrolment, parts.device_pool).routes()
    main = App(
        routes,
        meter,
        otherwise=aws,
        limits=LIMITS,
        access_log=settings.access_log,
        refusals=refusals,
    )
    status = App(_all_health_routes(health), meter) if settings.status_port is not None else None
    revocation = App(_revocation_routes(parts), meter) if settings.revocation_port is not None else None
    return Apps(main, status, revocation)


def _revocation_routes(parts: Parts) -> list[Route]:
    """What relying parties ask for: CRLs and OCSP answers."""
    crls = CrlFrontend(parts.authorities.crl_reader, parts.pool, parts.clock)
    # An address of its own is where OcspCustomCname leads, without a path.
    ocsp = OcspFrontend(
        parts.authorities.ocsp, parts.clock, at_root=parts.settings.revocation_port is not None
    )
    return [*crls.routes(), *ocsp.routes()]


def _numbers(parts: Parts) -> bytes:
    """What is counted, and what is read now; a database that is away takes only its own."""
    try:
        return render() + crl_gauges(parts.authorities.crl_reader.next_updates())
    except PrivySealError:
        return render()


def _health_routes(health: Health, settings: Settings) -> list[Route]:
    """On the main address: health always, metrics only where nobody but this machine can read them."""
    if settings.status_port is None and settings.on_loopback:
        return _all_health_routes(health)
    return [Route(b"/healthz", health, ("GET", "HEAD"))]


def _all_health_routes(health: Health) -> list[Route]:
    return [Route(path, health, ("GET", "HEAD")) for path in (b"/healthz", b"/readyz", b"/metrics")]


def _authorities(
    store: Store, wrapper: Wrapper, directory: DataDirectory, settings: Settings
) -> CertificateAuthorities:
    key_store: KeyStore = _row(KEYSTORES, "software")(wrapper)
    publisher = _publisher(directory, settings.publisher)
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
    )


def _publisher(directory: DataDirectory, section: PublisherSettings) -> Publisher:
    if section.type == "directory":
        local: Publisher = _row(PUBLISHERS, section.type)(directory.buckets)
        return local
    remote: Publisher = _row(PUBLISHERS, section.type)(
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return remote


def _device_issuer(parts: Parts) -> Issuer | None:
    """The issuer that `[devices]` names; None where the local one has no authority to issue from."""
    devices = parts.settings.devices
    if devices.issuer != "local":
        return _remote_issuer(parts.settings.issuers[devices.issuer], parts.clock)
    authority = devices.authority or parts.directory.read_environment().get("issuing_ca_arn")
    if not authority:
        return None
    issuer: Issuer = _row(ISSUERS, "local")(
        Terms(authority, devices.template, devices.validity_days),
        describe=parts.authorities.authorities.describe,
        issue=parts.authorities.issue_now,
        get=parts.authorities.get_now,
        clock=parts.clock,
    )
    return issuer


def _remote_issuer(section: IssuerSettings, clock: Clock) -> Issuer:
    issuer: Issuer = _row(ISSUERS, section.type)(
        Terms(section.authority, section.template, section.validity_days),
        clock=clock,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return issuer


def _row(table: dict[str, str], name: str) -> Callable[..., Any]:
    """Import what a shelf's table names: optional dependencies load only when their row is used."""
    module, _, attribute = table[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found
