"""The device part: contracts, issuers, registrars and sources, and what looks after them."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from privyseal.ca.background import Background
from privyseal.devices.admission import Admission
from privyseal.devices.ca_rotation.orders import CaRotating
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.issuing_once import IssuingOnce
from privyseal.devices.ports import DeviceSource, Issuer, Registrar, Revoker
from privyseal.devices.registration import Registrations
from privyseal.devices.registry import Registry
from privyseal.devices.retirement import Retirement
from privyseal.devices.terms import Terms
from privyseal.devices.throttle import Throttle
from privyseal.devices.vending import Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Route
from privyseal.frontends.provisioning import CsrHeaderFrontend, ProvisioningFrontend
from privyseal.frontends.provisioning.answers import NEW, PROTO, PROVISION
from privyseal.hosting.broker_trust import BrokerTrust
from privyseal.issuers import ISSUERS
from privyseal.issuers.local import LocalRevoker
from privyseal.registrars import REGISTRARS
from privyseal.registrars.device_ids import DEVICE_IDS
from privyseal.registrars.mosquitto import MosquittoRegistrar
from privyseal.registrars.mosquitto_files import check_writable
from privyseal.registrars.mosquitto_reload import told_by
from privyseal.settings import AwsIotSettings, IssuerSettings, MosquittoSettings, Settings
from privyseal.sources import SOURCES
from privyseal.stores.repositories.crls import SqlCrls
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.intents import SqlIntents
from privyseal.stores.repositories.steps import SqlSteps
from privyseal.wiring.issuing import configured, issuers, issuing, renamed
from privyseal.wiring.links import link_replies
from privyseal.wiring.parts import Parts
from privyseal.wiring.rotation import ca_rotating, ca_rotation_work, rotation_routes
from privyseal.wiring.shelves import row

# How often a broker's files are compared with the database: a CRL is to be seen within a minute.
BROKER_LOOK_S = 2.0


def check_devices(parts: Parts) -> None:
    """Raises INVALID_ARGUMENT where a section about devices cannot be used: once, before anybody serves."""
    settings = parts.settings
    for name, registrar in settings.registrars.items():
        _check_registrar(settings, name, registrar)
    for name in filter(None, dict.fromkeys((settings.devices.issuer, settings.devices.proto_issuer))):
        if name != "local":
            _remote_issuer(parts, settings.issuers[name])
        _registrars(settings, settings.issuers.get(name))
        _brokers(parts, name)
    _source(settings)


def _check_registrar(settings: Settings, name: str, section: AwsIotSettings | MosquittoSettings) -> None:
    """Of those that nobody uses yet, too; but no folder is made for them."""
    try:
        if isinstance(section, AwsIotSettings):
            for region in section.regions:
                _aws_iot(section, region)
            return
        told_by(section.pid_file, section.reload)
        if name in settings.devices.registrars:
            check_writable(Path(section.folder))
    except PrivySealError as error:
        text = f"[registrars.{name}]: {error.message}"
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text) from error


def provisioning_routes(parts: Parts, registry: Registry) -> list[Route]:
    """The contracts for devices; none of them where nobody could issue."""
    section = parts.settings.devices
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
    replies, links = link_replies(parts, {PROVISION: new, NEW: new, PROTO: proto}, by_address)
    provision = ProvisioningFrontend(new, replies, by_address)
    return [*provision.routes(), *CsrHeaderFrontend(new, proto, replies, by_address).routes(), *links]


def _admission(settings: Settings, registry: Registry) -> Admission | None:
    source = _source(settings)
    return Admission(registry, source, name=settings.devices.source) if source else None


def _source(settings: Settings) -> DeviceSource | None:
    name = settings.devices.source
    if not name:
        return None
    section = settings.sources[name]
    source: DeviceSource = row(SOURCES, section.type)(
        section.table,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return source


def _vending(parts: Parts, issuer_name: str) -> Vending | None:
    """None where the local issuer has no authority to issue from."""
    issuer = _device_issuer(parts, issuer_name)
    if issuer is None:
        return None
    identities = SqlIdentities()
    registrars = _registrars(parts.settings, parts.settings.issuers.get(issuer_name))
    registrars |= _brokers(parts, issuer_name)
    registrations = _registrations(parts, registrars)
    grace = timedelta(hours=parts.settings.devices.grace_hours)
    scope = issuer_name if issuer_name != parts.settings.devices.issuer else ""
    return Vending(
        parts.device_store, SqlDevices(), identities, issuer, registrations, grace=grace, scope=scope
    )


def _retirement(parts: Parts, registrations: Registrations) -> Retirement:
    """Whoever has issued or registered a certificate, for whichever contract."""
    sections = [each for each in parts.settings.issuers.values() if each.type == "aws-pca"]
    remote: list[Any] = [_remote_issuer(parts, section) for section in sections]
    revokers: list[Revoker] = [LocalRevoker(parts.authorities.revocation.revoke), *remote]
    return Retirement(parts.store, SqlDevices(), SqlIdentities(), registrations, revokers)


def _registrations(parts: Parts, registrars: dict[str, Registrar]) -> Registrations:
    settings = parts.settings
    late = {
        f"{name}/{region}"
        for name in settings.devices.registrars
        if isinstance(section := settings.registrars[name], AwsIotSettings) and section.required == "home"
        for region in section.regions
        if region != settings.region
    }
    return Registrations(
        parts.store,
        SqlIdentities(),
        SqlSteps(),
        registrars,
        required=registrars.keys() - late,
        reach=parts.reach,
        ids={name: DEVICE_IDS[_registrar_type(settings, name)] for name in registrars},
    )


def _registrar_type(settings: Settings, name: str) -> str:
    """Of NAME, or of NAME/REGION."""
    section = settings.registrars[name.partition("/")[0]]
    return "aws-iot" if isinstance(section, AwsIotSettings) else "mosquitto"


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
    registrar: Registrar = row(REGISTRARS, "aws-iot")(
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
    trust = BrokerTrust(
        parts.store,
        crls=SqlCrls(),
        devices=SqlDevices(),
        certificate=parts.authorities.certification.certificate,
        account=parts.settings.account,
        authorities=lambda tx: issuers(tx, parts, section.authorities),
    )
    registrar: MosquittoRegistrar = row(REGISTRARS, "mosquitto")(
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


def _device_issuer(parts: Parts, name: str) -> Issuer | None:
    """None where the local one has no authority to issue from."""
    devices = parts.settings.devices
    if name != "local":
        return _remote_issuer(parts, parts.settings.issuers[name])
    authority = issuing(parts)
    if authority is None:
        return None
    issuer: Issuer = row(ISSUERS, "local")(
        lambda: Terms(authority(), devices.template, devices.validity_days),
        describe=parts.authorities.authorities.describe,
        issue=parts.authorities.issue_now,
        clock=parts.clock,
    )
    return issuer


def _remote_issuer(parts: Parts, section: IssuerSettings) -> Issuer:
    where = {"endpoint_url": section.endpoint_url or None, "profile": section.profile or None}
    if section.type == "aws-iot":
        once = IssuingOnce(parts.store, SqlIntents())
        iot: Issuer = row(ISSUERS, section.type)(once, region=section.region, **where)
        return iot
    terms = Terms(section.authority, section.template, section.validity_days)
    pca: Issuer = row(ISSUERS, section.type)(terms, clock=parts.clock, region=section.region or None, **where)
    return pca


def rotating(parts: Parts) -> CaRotating:
    """Rotations of the authority that issues for devices."""
    return ca_rotating(parts, _known_registrars(parts), lambda: parts.jobs.wake("devices.rotation"))


def device_routes(parts: Parts) -> list[Route]:
    """What is on the devices' own address, with mutual TLS."""
    vending = _vending(parts, "local")
    if vending is None:
        text = "device-port needs an issuing authority: there is none whose certificates could be accepted."
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
    return rotation_routes(parts, vending)


def _known_registrars(parts: Parts) -> dict[str, Registrar]:
    """All that have to know who issues for devices."""
    if parts.settings.devices.issuer != "local" or not configured(parts):
        return {}
    return _registrars(parts.settings, None) | _brokers(parts, "local")


def add_device_jobs(parts: Parts) -> None:
    """What looks after certificates that have had their day, and after registrars."""
    registrations = _registrations(parts, _registrars(parts.settings, None) | parts.brokers)
    retirement = _retirement(parts, registrations)
    parts.jobs.add("devices.retire", retirement.retire_due, retirement.waiting)
    renamed(parts)  # who died between a switch and its note has left that to us
    rotation = ca_rotation_work(parts, _known_registrars(parts))
    parts.jobs.add("devices.rotation", rotation.work, rotation.waiting)
    parts.jobs.add("devices.registrars", registrations.work.catch_up, registrations.work.waiting)


def start_device_threads(parts: Parts) -> Callable[[], None]:
    """What keeps the files of brokers up to date while a process serves; how to end it. Each host has files
    of its own, so this is no job, which one of all hosts does.
    """
    threads = [_kept(f"broker {name}", broker) for name, broker in parts.brokers.items()]
    for thread in threads:
        thread.start()

    def close() -> None:
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.close()

    return close
