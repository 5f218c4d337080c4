"""`privyseal device simulate`: a device, or a fleet of them, from its key to its messages."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from privyseal.agent.device import TOPIC, Broker, Device
from privyseal.agent.fleet import Progress, Steps, run
from privyseal.agent.folder import DeviceFolder
from privyseal.agent.provisioning import PATIENCE_S, Provisioning
from privyseal.cli.options import data_dir_option, example, key_algorithm_option, output_option
from privyseal.cli.output import clean, show_json
from privyseal.client.connection import find_environment
from privyseal.client.errors import ClientError
from privyseal.client.transport import Transport

REGISTERED_AT_ONCE = 500
LOOK_S = 0.2
SHOWN = 20  # failures that are printed
MAX_FLEET = 1_000_000


@click.command(
    epilog=example("privyseal device simulate --id sensor-0001 --register --broker 127.0.0.1:8883")
)
@click.option("--id", "device_id", help="One device with this id.")
@click.option("--fleet", type=click.IntRange(1, MAX_FLEET), help="So many devices: PREFIX-000001 …")
@click.option("--prefix", default="simulated", show_default=True, help="Of the ids of a fleet.")
@click.option("--url", help="The service [default: that of --data-dir or PRIVYSEAL_URL].")
@click.option(
    "--ca-bundle", type=click.Path(exists=True, dir_okay=False), help="Roots of an https:// service."
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("devices"),
    show_default=True,
    help="Each device keeps its key and certificate in a folder of its own in here.",
)
@click.option("--register", is_flag=True, help="Register the keys first, with the service's access key.")
@click.option("--respond-async", is_flag=True, help="Ask for links to the certificates, and fetch them.")
@click.option("--connect", is_flag=True, help="Connect by MQTT to where the service says that it has to.")
@click.option("--broker", help="HOST:PORT of an MQTT broker: connect to that instead.")
@click.option(
    "--broker-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Roots of its certificate [default: the root of the device's own].",
)
@click.option("--topic", default=TOPIC, show_default=True, help="What a device publishes on; %u is its id.")
@click.option(
    "--come-back", is_flag=True, help="When the broker refuses it, ask for another certificate, once."
)
@click.option("--rotate", is_flag=True, help="Then ask for a second certificate, and connect with that.")
@click.option(
    "--at-once", type=click.IntRange(1, 1000), default=32, show_default=True, help="Devices at a time."
)
@click.option(
    "--patience", default=PATIENCE_S, show_default=True, help="Seconds in which a device tries again."
)
@key_algorithm_option
@output_option
@data_dir_option
def simulate(  # noqa: PLR0917 - click's options
    device_id: str | None,
    fleet: int | None,
    prefix: str,
    url: str | None,
    ca_bundle: str | None,
    directory: Path,
    register: bool,
    respond_async: bool,
    connect: bool,
    broker: str | None,
    broker_ca: Path | None,
    topic: str,
    come_back: bool,
    rotate: bool,
    at_once: int,
    patience: float,
    key_algorithm: str,
    output: str,
    data_dir: Path | None,
) -> int:
    """Be a device: make a key, ask for a certificate, keep both safe, speak MQTT, rotate.

    A device that has been here before goes on with what is in its folder. With --fleet there are many,
    and a summary at the end.
    """
    if (device_id is None) == (fleet is None):
        raise click.UsageError("give either --id or --fleet")
    names = [device_id] if device_id else [f"{prefix}-{number:06}" for number in range(1, (fleet or 0) + 1)]
    folders = [DeviceFolder(directory / _folder(name), name, key_algorithm) for name in names]
    environment = None if url and not register else find_environment(data_dir)
    if register and environment:
        _register(environment.client(), folders)
    if environment:
        url, ca_bundle = url or environment.url, ca_bundle or environment.tls_ca_bundle
    met = _broker(broker, broker_ca, topic) if broker else None
    if connect and not met:
        met = Broker(root=broker_ca, topic=topic)
    steps = _steps(met, come_back=come_back, rotate=rotate)
    progress = Progress(len(folders), list(steps))
    asking = Provisioning(
        Transport(str(url), ca_bundle),
        patience=patience,
        respond_async=respond_async,
        retried=progress.retried,
    )
    with _display(progress, shown=output == "text" and fleet is not None):
        run([Device(each, asking) for each in folders], lambda each: each.id, steps, progress, at_once)
    if output == "json":
        show_json(summary(progress))
    else:
        _show(progress)
    return 1 if progress.failures else 0


def summary(progress: Progress) -> dict[str, Any]:
    """Times in milliseconds."""
    return {
        "devices": progress.devices,
        "failed": len(progress.failures),
        "retries": progress.retries,
        "steps": {
            step.name: {
                "done": step.done,
                "per_second": round(step.per_second, 1),
                "p50_ms": round(step.percentile(50) * 1e3, 1),
                "p99_ms": round(step.percentile(99) * 1e3, 1),
            }
            for step in progress.steps
        },
        "failures": [
            {"device_id": each.device_id, "step": each.step, "reason": each.reason}
            for each in progress.failures
        ],
    }


def _steps(broker: Broker | None, *, come_back: bool, rotate: bool) -> Steps[Device]:
    steps: Steps[Device] = {"enrolled": Device.enrol}
    if broker:
        steps["connected"] = lambda device: (device.come_back if come_back else device.say_hello)(broker)
    if rotate:
        steps["rotated"] = Device.rotate
    if rotate and broker:
        steps["connected again"] = lambda device: device.say_hello(broker)
    return steps


def _register(client: Any, folders: Sequence[DeviceFolder]) -> None:
    for start in range(0, len(folders), REGISTERED_AT_ONCE):
        some = folders[start : start + REGISTERED_AT_ONCE]
        rows = [{"device_id": each.device_id, "public_key": each.public_key_pem} for each in some]
        errors = client.rest("POST", "/devices", {"devices": rows})["errors"]
        if errors:
            first = errors[0]
            raise ClientError(f"{some[int(first['index'])].device_id} was not registered: {first['message']}")


def _broker(address: str, root: Path | None, topic: str) -> Broker:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.UsageError(f"--broker {address!r} is not HOST:PORT")
    return Broker(host.strip("[]"), int(port), root, topic)


def _folder(device_id: str) -> str:
    """A name for its folder that leads nowhere else."""
    if "/" in device_id or device_id in {".", ".."} or "\x00" in device_id:
        raise click.UsageError(f"the device id {device_id!r} cannot be the name of a folder")
    return device_id


@contextmanager
def _display(progress: Progress, *, shown: bool) -> Iterator[None]:
    """A line that is rewritten several times a second: on a terminal only."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_S):
            click.echo(f"\r\x1b[2K{_line(progress)}", nl=False, err=True)

    thread = threading.Thread(target=look, name="display", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        click.echo("\r\x1b[2K", nl=False, err=True)


def _line(progress: Progress) -> str:
    parts = [
        f"{step.name} {step.done}/{progress.devices} ({step.per_second:.0f}/s)" for step in progress.steps
    ]
    return "  ".join([*parts, f"retries {progress.retries}", f"failed {len(progress.failures)}"])


def _show(progress: Progress) -> None:
    for step in progress.steps:
        click.echo(
            f"{step.name:<16} {step.done} of {progress.devices}  {step.per_second:8.1f}/s"
            f"  p50 {step.percentile(50) * 1e3:.0f} ms  p99 {step.percentile(99) * 1e3:.0f} ms"
        )
    click.echo(f"{'tried again':<16} {progress.retries}")
    for each in progress.failures[:SHOWN]:
        click.echo(clean(f"{each.device_id} was not {each.step}: {each.reason}"), err=True)
    if len(progress.failures) > SHOWN:
        click.echo(f"… and {len(progress.failures) - SHOWN} more", err=True)
