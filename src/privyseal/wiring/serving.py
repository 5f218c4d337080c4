"""What a worker process serves, and its threads."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from privyseal.access.keyring import KeyRing
from privyseal.devices.lifecycle import Lifecycle
from privyseal.devices.registry import Registry
from privyseal.errors import PrivySealError
from privyseal.events.refusals import Refusals
from privyseal.frontends.api import ApiFrontend
from privyseal.frontends.aws import sts
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.crl import CrlFrontend
from privyseal.frontends.health import Health
from privyseal.frontends.http import App, Authenticator, Limits, Route
from privyseal.frontends.ocsp import OcspFrontend
from privyseal.hosting.audit_trail import AuditTrail
from privyseal.hosting.data_directory import DataDirectory
from privyseal.meter import Meter
from privyseal.observability.metrics import PrometheusMeter, crl_gauges, render
from privyseal.settings import Settings
from privyseal.stores.repositories.audit import SqlJournalReader
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.wiring.devices import provisioning_routes, start_device_threads
from privyseal.wiring.parts import Parts, opened

# ImportCertificateAuthorityCertificate has the largest body: 32 KB and 2 MB of blobs, in base64.
LIMITS = Limits(body=3 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Apps:
    """The ASGI applications of a worker; `status` where metrics and health have their own address,
    `revocation` where CRLs and OCSP have.
    """

    main: App
    status: App | None
    revocation: App | None


@contextmanager
def online(directory: DataDirectory, settings: Settings) -> Iterator[Apps]:
    with opened(directory, settings) as parts, ExitStack() as closing:
        meter = PrometheusMeter()
        trail = _audit_trail(parts, meter)
        closing.callback(trail.close)
        apps = _apps(parts, meter, trail.refusals)
        parts.authorities.start()
        closing.callback(start_device_threads(parts))
        trail.start()
        yield apps


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
        lifecycle=Lifecycle(parts.store, devices, SqlIdentities(), parts.authorities.holding),
        revoking=parts.authorities.named_revoking,
        mass_revoking=parts.authorities.mass_revoking,
        crl_restarting=parts.authorities.crl_restarting,
    )
    health = Health(pool.run, lambda: parts.store.view(lambda _: None), lambda: _numbers(parts))
    routes = [*aws.routes(), *api.routes(), *_health_routes(health, settings)]
    if settings.revocation_port is None:
        routes += _revocation_routes(parts)
    routes += provisioning_routes(parts, registry)
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
