"""From settings to objects: the only file that knows everyone.

`online` makes what a worker process serves; `offline` makes what a start needs before there are
workers: the same services, called in this process. Nothing here decides anything.
"""

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey, Principal
from privyseal.ca.background import Background
from privyseal.ca.ports import KeyStore, Publisher
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.client.api import Caller
from privyseal.clock import Clock, SystemClock
from privyseal.devices.admission import Admission
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.issuing_once import IssuingOnce
from privyseal.devices.lifecycle import Lifecycle
from privyseal.devices.ports import DeviceSource, Issuer, Registrar, Revoker
from privyseal.devices.registration import Registrations
from privyseal.devices.registry import Registry
from privyseal.devices.retirement import Retirement
from privyseal.devices.terms import Terms
from privyseal.devices.throttle import Throttle
from privyseal.devices.vending import Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.api import ApiFrontend
from privyseal.frontends.aws import acm_pca, sts
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.aws.quotas import limited
from privyseal.frontends.health import Health
from privyseal.frontends.http import App, Authenticator, Limits, Pool, Route
from privyseal.frontends.provisioning import CsrHeaderFrontend, ProvisioningFrontend
from privyseal.hosting.broker_trust import BrokerTrust
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.in_process import InProcess
from privyseal.issuers import ISSUERS
from privyseal.issuers.local import LocalRevoker
from privyseal.keystores import KEYSTORES
from privyseal.observability.metrics import PrometheusMeter, render
from privyseal.publishers import PUBLISHERS
from privyseal.registrars import REGISTRARS
from privyseal.registrars.mosquitto import MosquittoRegistrar
from privyseal.registrars.mosquitto_reload import told_by
from privyseal.settings import (
    AwsIotSettings,
    IssuerSettings,
    MosquittoSettings,
    PublisherSettings,
    Settings,
)
from privyseal.sources import SOURCES
from privyseal.store import Store
from privyseal.stores import STORES
from privyseal.stores.repositories.access_keys import SqlAccessKeys
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.crls import SqlCrls
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.intents import SqlIntents
from privyseal.wrapping import Wrapper

# Blocking calls at once in one process, and how many more may wait.
POOL_THREADS = 8
POOL_QUEUE = 256
DEVICE_THREADS = 32
# How often a broker's files are compared with the database: a CRL is to be seen within a minute.
BROKER_LOOK_S = 2.0
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
        self.access_keys = SqlAccessKeys(wrapper)
        self.authorities = _authorities(self.store, wrapper, directory, settings)
        self.pool = Pool(POOL_THREADS, POOL_QUEUE)
        # An issuer elsewhere may take minutes: devices wait in threads of their own.
        self.device_pool = Pool(DEVICE_THREADS, POOL_QUEUE, name="device")
        self.brokers: dict[str, MosquittoRegistrar] = {}
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
        apps = _apps(parts)
        parts.authorities.start()
        keeping = [_kept(f"broker {name}", broker) for name, broker in parts.brokers.items()]
        keeping.append(Background("retirement", _retirement(parts).retire_due))
        for each in keeping:
            each.start()
        try:
            yield apps
        finally:
            for each in keeping:
                each.close()


def _apps(parts: Parts) -> Apps:
    settings, clock, pool = parts.settings, parts.clock, parts.pool
    meter = PrometheusMeter()
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
        lifecycle=Lifecycle(parts.store, devices),
    )
    health = Health(pool.run, lambda: parts.store.view(lambda _: None), render)
    routes = [*aws.routes(), *api.routes(), *_health_routes(health, settings)]
    if settings.revocation_port is None:
        routes += _revocation_routes(parts)
    routes += _provisioning_routes(parts, registry)
    main = App(routes, meter, otherwise=aws, limits=LIMITS, access_log=settings.access_log)
    status = App(_all_health_routes(health), meter) if settings.status_port is not None else None
    revocation = App(_revocation_routes(parts), meter) if settings.revocation_port is not None else None
    return Apps(main, status, revocation)


def _revocation_routes(parts: Parts) -> list[Route]:
    """What relying parties ask for: CRLs and OCSP answers."""
    del parts
    return []


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
    return CertificateAuthorities(
        store,
        REPOSITORIES,
        key_store,
        _publisher(directory, settings.publisher),
        urls=StatusUrls(settings.revocation_url or None),
        partition_size=settings.crl.partition_size,
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


def _provisioning_routes(parts: Parts, registry: Registry) -> list[Route]:
    """The contracts for devices; none of them where nobody could issue."""
    section, pool = parts.settings.devices, parts.device_pool
    vending = _vending(parts, section.issuer)
    other = vending
    if section.proto_issuer not in {"", section.issuer}:
        other = _vending(parts, section.proto_issuer)
    if vending is None or other is None:
        return []
    # One for all contracts: whoever is limited on one is limited on the others.
    by_address = Throttle(section.address_rate, section.address_burst)
    by_device = Throttle(section.device_rate, section.device_burst)
    admission = _admission(parts.settings, registry)

    def enrolment(vending: Vending) -> Enrolment:
        return Enrolment(
            parts.store,
            SqlDevices(),
            vending,
            account=parts.settings.account,
            names=section.names,
            throttle=by_device,
            admission=admission,
        )

    new, proto = enrolment(vending), enrolment(other)
    provision = ProvisioningFrontend(new, pool, by_address)
    return [*provision.routes(), *CsrHeaderFrontend(new, proto, pool, by_address).routes()]


def _admission(settings: Settings, registry: Registry) -> Admission | None:
    name = settings.devices.source
    if not name:
        return None
    section = settings.sources[name]
    source: DeviceSource = _row(SOURCES, section.type)(
        section.table,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return Admission(registry, source, name=name)


def _vending(parts: Parts, issuer_name: str) -> Vending | None:
    """None where the local issuer has no authority to issue from."""
    issuer = _device_issuer(parts, issuer_name)
    if issuer is None:
        return None
    identities = SqlIdentities()
    registrars = _registrars(parts.settings, parts.settings.issuers.get(issuer_name))
    registrars |= _brokers(parts, issuer_name)
    registrations = Registrations(parts.store, identities, registrars)
    grace = timedelta(hours=parts.settings.devices.grace_hours)
    return Vending(parts.store, SqlDevices(), identities, issuer, registrations, grace=grace)


def _retirement(parts: Parts) -> Retirement:
    """Whoever has issued or registered a certificate, for whichever contract."""
    sections = [each for each in parts.settings.issuers.values() if each.type == "aws-pca"]
    remote: list[Any] = [_remote_issuer(parts, section) for section in sections]
    revokers: list[Revoker] = [LocalRevoker(parts.authorities.revocation.revoke), *remote]
    registrars = _registrars(parts.settings, None) | parts.brokers
    identities = SqlIdentities()
    return Retirement(parts.store, identities, Registrations(parts.store, identities, registrars), revokers)


def _registrars(settings: Settings, issuer: IssuerSettings | None) -> dict[str, Registrar]:
    """One for each region, the region of this installation first: it says where devices connect.

    What AWS IoT Core issues can be registered in its own region alone.
    """
    home = settings.region
    aws = {
        name: section
        for name in settings.devices.registrars
        if isinstance(section := settings.registrars[name], AwsIotSettings)
    }
    regions = [(name, region) for name, section in aws.items() for region in section.regions]
    if issuer and issuer.type == "aws-iot":
        regions = [each for each in regions if each[1] == issuer.region]
        if not regions:
            text = f"An issuer of type aws-iot in {issuer.region} needs a registrar of type aws-iot there."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    regions.sort(key=lambda each: each[1] != home)
    return {f"{name}/{region}": _aws_iot(aws[name], region) for name, region in regions}


def _aws_iot(section: AwsIotSettings, region: str) -> Registrar:
    registrar: Registrar = _row(REGISTRARS, "aws-iot")(
        region,
        policy=section.policy,
        policy_document=section.policy_document,
        without_ca=section.without_ca,
        withdrawal=section.withdrawal,
        endpoint_url=section.endpoint_url or None,
        profile=section.profile or None,
    )
    return registrar


def _brokers(parts: Parts, issuer_name: str) -> dict[str, Registrar]:
    """Brokers that let in what the local issuer issues; each is kept up to date in the background."""
    sections = {
        name: section
        for name in parts.settings.devices.registrars
        if isinstance(section := parts.settings.registrars[name], MosquittoSettings)
    }
    if issuer_name != "local":
        if sections and issuer_name == parts.settings.devices.issuer:
            text = "A registrar of type mosquitto needs the local issuer: it keeps the CRLs of its authority."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        return {}
    for name, section in sections.items():
        if name not in parts.brokers:
            parts.brokers[name] = _mosquitto(parts, section)
    return {name: parts.brokers[name] for name in sections}


def _mosquitto(parts: Parts, section: MosquittoSettings) -> MosquittoRegistrar:
    issuing = _issuing_authority(parts)
    trust = BrokerTrust(
        parts.store,
        crls=SqlCrls(),
        devices=SqlDevices(),
        certificate=parts.authorities.certification.certificate,
        account=parts.settings.account,
        authorities=tuple(dict.fromkeys((issuing, *section.authorities))),
    )
    registrar: MosquittoRegistrar = _row(REGISTRARS, "mosquitto")(
        Path(section.folder),
        endpoint=section.endpoint,
        roots=trust.roots,
        crls=trust.crls,
        barred=trust.barred,
        tell=told_by(section.pid_file, section.reload),
        topics=section.topics,
    )
    return registrar


def _kept(name: str, broker: MosquittoRegistrar) -> Background:
    def refresh(_: threading.Event) -> None:
        broker.refresh()

    return Background(name, refresh, BROKER_LOOK_S)


def _issuing_authority(parts: Parts) -> str:
    """Of the local issuer; "" where there is none."""
    own = parts.directory.read_environment().get("issuing_ca_arn")
    return parts.settings.devices.authority or own or ""


def _device_issuer(parts: Parts, name: str) -> Issuer | None:
    """None where the local one has no authority to issue from."""
    devices = parts.settings.devices
    if name != "local":
        return _remote_issuer(parts, parts.settings.issuers[name])
    authority = _issuing_authority(parts)
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


def _remote_issuer(parts: Parts, section: IssuerSettings) -> Issuer:
    where = {"endpoint_url": section.endpoint_url or None, "profile": section.profile or None}
    if section.type == "aws-iot":
        once = IssuingOnce(parts.store, SqlIntents())
        iot: Issuer = _row(ISSUERS, section.type)(once, region=section.region, **where)
        return iot
    terms = Terms(section.authority, section.template, section.validity_days)
    pca: Issuer = _row(ISSUERS, section.type)(
        terms, clock=parts.clock, region=section.region or None, **where
    )
    return pca


def _row(table: dict[str, str], name: str) -> Callable[..., Any]:
    """Import what a shelf's table names: optional dependencies load only when their row is used."""
    module, _, attribute = table[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found
