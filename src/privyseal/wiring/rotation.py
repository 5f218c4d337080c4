"""Rotations: of a device's certificate over mutual TLS, and of the authority that issues for devices."""

import ssl
from collections.abc import Callable, Mapping
from functools import partial

from privyseal.devices.ca_rotation.acts import Acts
from privyseal.devices.ca_rotation.orders import CaRotating
from privyseal.devices.ca_rotation.ports import Rows
from privyseal.devices.ca_rotation.work import CaRotationWork
from privyseal.devices.ports import Registrar
from privyseal.devices.rotation import Rotation, RotationTerms
from privyseal.devices.throttle import Throttle
from privyseal.devices.vending import Vending
from privyseal.frontends.http import Route
from privyseal.frontends.provisioning.rotate import RotationFrontend
from privyseal.hosting.device_tls import device_context
from privyseal.issuers.local import LocalWitness
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.ca_rotations import SqlCaRotations, SqlSuccessions
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.wiring.issuing import issuer_certificates, issuing, renamed
from privyseal.wiring.parts import Parts

_ROWS = Rows(REPOSITORIES, SqlCaRotations(), SqlIdentities(), SqlSuccessions())


def rotation_routes(parts: Parts, vending: Vending) -> list[Route]:
    """What devices find on the address of their own."""
    section = parts.settings.devices
    rotation = Rotation(
        parts.store,
        SqlDevices(),
        SqlIdentities(),
        vending,
        LocalWitness(REPOSITORIES.certificates),
        terms=RotationTerms(parts.settings.account, section.names, section.new_keys),
        throttle=Throttle(section.device_rate, section.device_burst),
    )
    by_address = Throttle(section.address_rate, section.address_burst)
    return RotationFrontend(rotation, parts.device_pool, by_address).routes()


def device_tls(parts: Parts) -> ssl.SSLContext:
    settings, own = parts.settings, parts.directory
    certificate = settings.tls_certificate or str(own.tls_certificate)
    key = settings.tls_key or str(own.tls_key)
    return device_context(certificate, key, lambda: issuer_certificates(parts), parts.store)


def ca_rotating(parts: Parts, registrars: Mapping[str, Registrar], wake: Callable[[], None]) -> CaRotating:
    return CaRotating(
        parts.store,
        _ROWS,
        parts.authorities,
        issuing=issuing(parts) if parts.settings.devices.issuer == "local" else None,
        registrars=list(registrars),
        wake=wake,
        renamed=partial(renamed, parts),
    )


def ca_rotation_work(parts: Parts, registrars: Mapping[str, Registrar]) -> CaRotationWork:
    acts = Acts(parts.store, _ROWS, parts.authorities, registrars)
    return CaRotationWork(parts.store, _ROWS.rotations, acts, partial(renamed, parts))
