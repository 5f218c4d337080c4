"""What a worker process serves, and its threads."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from privyseal.access.keyring import KeyRing
from privyseal.devices.registry import Registry
from privyseal.events.refusals import Refusals
from privyseal.frontends.api import ApiFrontend
from privyseal.frontends.api import ca_rotations as ca_rotation_resource
from privyseal.frontends.api import events as event_resource
from privyseal.frontends.api import jobs as job_resource
from privyseal.frontends.api import subscriptions as subscription_resource
from privyseal.frontends.aws import sts
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.crl import CrlFrontend
from privyseal.frontends.health import Health
from privyseal.frontends.http import App, Authenticator, Limits, Route
from privyseal.frontends.ocsp import OcspFrontend
from privyseal.frontends.subscriptions import SubscriptionFrontend
from privyseal.hosting.audit_trail import AuditTrail
from privyseal.hosting.data_directory import DataDirectory
from privyseal.meter import Meter
from privyseal.observability.metrics import PrometheusMeter
from privyseal.settings import Settings
from privyseal.stores.repositories.audit import SqlJournalReader
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.tracing import Tracer
from privyseal.wiring.devices import (
    add_device_jobs,
    device_routes,
    provisioning_routes,
    rotating,
    start_device_threads,
)
from privyseal.wiring.events import add_event_jobs, history, rule_items
from privyseal.wiring.gitops import add_gitops_job, gitops, gitops_endpoints, states_service
from privyseal.wiring.monitoring import add_monitoring_jobs, checks, numbers, traced
from privyseal.wiring.parts import Parts, opened
from privyseal.wiring.registering import lifecycle, registration_endpoints
from privyseal.wiring.rotation import device_tls
from privyseal.wiring.serverless import kms_service, serverless_routes
from privyseal.wiring.serverless_publishing import add_serverless_jobs, serverless_endpoints
from privyseal.wiring.targets import subscribing, subscriptions

# ImportCertificateAuthorityCertificate has the largest body: 32 KB and 2 MB of blobs, in base64.
LIMITS = Limits(body=3 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class DeviceApp:
    app: App
    tls: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Apps:
    """The ASGI applications of a worker; `status` where metrics and health have their own address,
    `revocation` where CRLs and OCSP have, `devices` where devices rotate.
    """

    main: App
    status: App | None
    revocation: App | None
    devices: DeviceApp | None = None


@contextmanager
def online(directory: DataDirectory, settings: Settings) -> Iterator[Apps]:
    with ExitStack() as closing:
        meter, tracer = PrometheusMeter(), closing.enter_context(traced(settings))
        parts = closing.enter_context(opened(directory, settings, meter, tracer))
        trail = _audit_trail(parts, meter)
        closing.callback(trail.close)
        apps = _apps(parts, meter, trail.refusals, tracer)
        parts.authorities.start()
        closing.callback(start_device_threads(parts))
        add_device_jobs(parts)
        add_serverless_jobs(parts)
        add_monitoring_jobs(parts)
        closing.callback(add_event_jobs(parts, meter))
        closing.callback(parts.jobs.close)
        parts.jobs.start(meter)
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
        jobs=parts.jobs,
    )


def _apps(parts: Parts, meter: Meter, refusals: Refusals, tracer: Tracer | None) -> Apps:
    settings, clock, pool = parts.settings, parts.clock, parts.pool
    authenticator = Authenticator(KeyRing(parts.find_key, clock), pool, settings.region)
    devices = SqlDevices()
    pulled = gitops(parts)
    add_gitops_job(parts, pulled)
    services = [
        parts.limited_acm_pca,
        parts.limited_acm,
        sts.service(),
        kms_service(parts),
        states_service(parts, pulled),
    ]
    aws = AwsFrontend(services, authenticator, clock, settings.region, beside=["lambda"])
    registry = Registry(parts.store, devices)
    subscribers = subscriptions(parts)
    api = ApiFrontend(
        authenticator,
        clock,
        pool,
        certificates=parts.authorities.reader,
        devices=registry,
        lifecycle=lifecycle(parts),
        revoking=parts.authorities.named_revoking,
        mass_revoking=parts.authorities.mass_revoking,
        crl_restarting=parts.authorities.crl_restarting,
        more=[
            *job_resource.endpoints(parts.job_overview, pool),
            *event_resource.endpoints(history(parts), rule_items(settings), pool),
            *subscription_resource.endpoints(subscribers, subscribing(parts), pool),
            *ca_rotation_resource.endpoints(rotating(parts), pool),
            *registration_endpoints(parts),
            *serverless_endpoints(parts),
            *gitops_endpoints(parts, pulled),
        ],
    )
    health = Health(pool.run, checks(parts), lambda: numbers(parts))
    routes = [*aws.routes(), *api.routes(), *_health_routes(health, settings)]
    if settings.revocation_port is None:
        routes += _revocation_routes(parts)
    routes += provisioning_routes(parts, registry)
    routes += serverless_routes(parts, authenticator)
    routes += SubscriptionFrontend(subscribers, pool).routes()
    main = App(
        routes,
        meter,
        otherwise=aws,
        limits=LIMITS,
        access_log=settings.access_log,
        refusals=refusals,
        tracer=tracer,
    )
    status = App(_all_health_routes(health), meter) if settings.status_port is not None else None
    revocation = App(_revocation_routes(parts), meter) if settings.revocation_port is not None else None
    if settings.device_port is None:
        return Apps(main, status, revocation)
    devices_app = App(
        device_routes(parts), meter, access_log=settings.access_log, refusals=refusals, tracer=tracer
    )
    return Apps(main, status, revocation, DeviceApp(devices_app, device_tls(parts)))


def _revocation_routes(parts: Parts) -> list[Route]:
    """What relying parties ask for: CRLs and OCSP answers."""
    crls = CrlFrontend(parts.authorities.crl_reader, parts.pool, parts.clock)
    # An address of its own is where OcspCustomCname leads, without a path.
    ocsp = OcspFrontend(
        parts.authorities.ocsp, parts.clock, at_root=parts.settings.revocation_port is not None
    )
    return [*crls.routes(), *ocsp.routes()]


def _health_routes(health: Health, settings: Settings) -> list[Route]:
    """On the main address: health always, metrics only where nobody but this machine can read them."""
    if settings.status_port is None and settings.on_loopback:
        return _all_health_routes(health)
    return [Route(b"/healthz", health, ("GET", "HEAD"))]


def _all_health_routes(health: Health) -> list[Route]:
    return [Route(path, health, ("GET", "HEAD")) for path in (b"/healthz", b"/readyz", b"/metrics")]
