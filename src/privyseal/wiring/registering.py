"""What registrars are told beside what enrolment tells them, and who looks."""

from collections.abc import Collection, Mapping
from functools import partial

from privyseal.aws_iot.arns import issuing_region
from privyseal.devices.catching_up import CatchingUp, Fit, IdRule, Rows
from privyseal.devices.lifecycle import Lifecycle
from privyseal.devices.registered import RegistrationReader
from privyseal.frontends.api import registrations
from privyseal.frontends.api.model import Endpoint
from privyseal.issuers.local import LocalWitness
from privyseal.registrars.device_ids import DEVICE_IDS
from privyseal.settings import AwsIotSettings, Settings
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.steps import SqlSteps
from privyseal.wiring.issuing import issuers
from privyseal.wiring.parts import Parts

_ROWS = Rows(SqlDevices(), SqlIdentities(), SqlSteps())
_WITNESS = LocalWitness(REPOSITORIES.certificates)


def lifecycle(parts: Parts) -> Lifecycle:
    holder = parts.authorities.holding
    return Lifecycle(
        parts.store, _ROWS.devices, _ROWS.identities, _ROWS.steps, holder=holder, witness=_WITNESS
    )


def registration_endpoints(parts: Parts) -> list[Endpoint]:
    reader = RegistrationReader(parts.store, _ROWS.devices, _ROWS.identities, _ROWS.steps)
    names = _names(parts.settings)
    catching_up = CatchingUp(
        parts.store,
        _ROWS,
        _WITNESS,
        names,
        fit=partial(_fit, parts, names),
        wake=lambda: parts.jobs.wake("devices.registrars"),
    )
    return registrations.endpoints(reader, catching_up, parts.pool)


def _names(settings: Settings) -> dict[str, IdRule]:
    """Those that catch up by `wiring.devices.add_device_jobs`, with the ids that each can have."""
    found: dict[str, IdRule] = {}
    for name in settings.devices.registrars:
        section = settings.registrars[name]
        if isinstance(section, AwsIotSettings):
            found |= {f"{name}/{region}": DEVICE_IDS["aws-iot"] for region in section.regions}
        elif settings.devices.issuer == "local":
            found[name] = DEVICE_IDS["mosquitto"]
    return found


def _fit(parts: Parts, names: Mapping[str, IdRule], tx: Tx) -> Fit:
    """What AWS IoT Core issues works in its own region alone; brokers know the authorities of the local
    issuer.
    """
    ours = tuple(f"{arn}/certificate/" for arn in issuers(tx, parts))
    regional = [name for name in names if "/" in name]

    def fit(arn: str) -> Collection[str]:
        if region := issuing_region(arn):
            return [name for name in regional if name.endswith(f"/{region}")]
        return list(names) if arn.startswith(ours) else regional

    return fit
