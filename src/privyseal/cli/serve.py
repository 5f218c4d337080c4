"""`privyseal up` and `privyseal serve`: the service in the foreground."""

import signal
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import structs

from privyseal import log, wiring
from privyseal.cli import banner
from privyseal.cli.options import output_option
from privyseal.client.connection import default_data_dir
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting import bootstrap
from privyseal.hosting.data_directory import DataDirectory
from privyseal.hosting.own_certificate import ensure_certificate
from privyseal.hosting.server import Site
from privyseal.hosting.server import serve as run_sites
from privyseal.hosting.supervisor import GRACE_SECONDS, Lifeline, Port, Supervisor, listener
from privyseal.observability import metrics
from privyseal.scratch import remove_leftovers
from privyseal.settings import Settings, load
from privyseal.wiring.devices import check_devices
from privyseal.wiring.targets import targets

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="PRIVYSEAL_DATA_DIR",
        help="Where everything is kept [default: ~/.local/share/privyseal].",
    ),
    click.option(
        "--config",
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        help="A TOML file of settings [default: privyseal.toml in the data directory].",
    ),
    click.option("--host", help="The address to serve; other than loopback means TLS [127.0.0.1]."),
    click.option("--port", type=int, help="The port to serve; 0 takes a free one [8700]."),
    click.option("--workers", type=int, help="Worker processes [1]."),
    click.option("--region", help="The AWS region that this installation is [us-east-1]."),
    click.option("--account", help="The AWS account that this installation is, 12 digits [000000000000]."),
    click.option("--name", "names", multiple=True, help="One more name for the service's TLS certificate."),
    click.option("--tls-certificate", help="Serve TLS with this certificate (PEM, leaf first)."),
    click.option("--tls-key", help="Its private key (PEM)."),
    click.option("--status-port", type=int, help="Serve /metrics and health on a port of their own."),
    click.option("--status-host", help="The address of that port [127.0.0.1]."),
    click.option("--revocation-port", type=int, help="Serve CRLs and OCSP on a port of their own."),
    click.option("--revocation-host", help="The address of that port [127.0.0.1]."),
    click.option("--revocation-url", help="Where CRLs and OCSP are found: the URL in certificates."),
    click.option("--device-port", type=int, help="Let devices rotate here, over TLS with their certificate."),
    click.option("--device-host", help="The address of that port [127.0.0.1]."),
    click.option("--log-level", help="debug, info, warning or error [warning]."),
    click.option(
        "--insecure-plain-http",
        is_flag=True,
        default=None,
        help="Serve plain HTTP although the address is not loopback. Secrets cross the network in clear.",
    ),
)


def settings_options(command: Command) -> Command:
    for option in reversed((*_OPTIONS, output_option)):
        command = option(command)
    return command


@click.command(
    epilog='Then, in another shell:  eval "$(privyseal env)"  and  aws acm-pca list-certificate-authorities'
)
@settings_options
def up(data_dir: Path | None, config: Path | None, output: str, **given: Any) -> int:
    """Start a private CA here: keys, a root and an issuing CA, and serve.

    Nothing has to be prepared. The first start makes the data directory and everything in it;
    a later one continues where it was. Ctrl-C ends it.
    """
    return _run(data_dir, config, given, banner.SHOW[output], first_start_allowed=True)


@click.command(epilog="Example:  privyseal serve --data-dir /var/lib/privyseal --workers 2")
@settings_options
def serve(data_dir: Path | None, config: Path | None, output: str, **given: Any) -> int:
    """Serve an existing data directory (for operators): creates no authority.

    Make the directory once with `privyseal init` (a key and no authority) or `privyseal up`.
    """
    return _run(data_dir, config, given, banner.SHOW[output], first_start_allowed=False)


def _run(
    data_dir: Path | None,
    config: Path | None,
    given: Mapping[str, Any],
    show: banner.Show,
    *,
    first_start_allowed: bool,
) -> int:
    log.configure("warning")
    directory = DataDirectory(data_dir or default_data_dir())
    settings = load(_without_empty(given), directory.path, config)
    log.configure(settings.log_level)
    if not first_start_allowed and not directory.database.exists():
        raise PrivySealError(
            ErrorCode.UNAVAILABLE,
            f"{directory.path} holds no installation. Make one with `privyseal init` or `privyseal up`.",
        )
    _check_tls_files(settings)
    with ExitStack() as stack:
        directory.prepare()
        stack.enter_context(directory.locked())
        remove_leftovers()
        bound = _bind(settings, stack)
        if named := banner.unreachable_revocation_url(bound):
            log.warning(
                "certificates name a URL that only this machine can reach: set revocation-url", url=named
            )
        facts = dict(_prepare(directory, bound, with_hierarchy=first_start_allowed))
        if bound.status_port is not None:
            facts["status_url"] = banner.url("http", bound.status_host, bound.status_port)
        if bound.device_port is not None:
            facts["device_url"] = banner.url("https", bound.device_host, bound.device_port)
        stack.enter_context(metrics.folder())
        supervisor = Supervisor(bound.workers, work, (directory.path, bound))
        return supervisor.run(lambda: show(facts, directory, bound))


def _bind(settings: Settings, stack: ExitStack) -> Settings:
    """Hold every address until `stack` is left; the settings with the ports that these have become."""

    def hold(host: str, number: int | None) -> int | None:
        if number is None:
            return None
        port = Port(host, number)
        stack.callback(port.close)
        return port.number

    bound = structs.replace(
        settings,
        port=hold(settings.host, settings.port) or 0,
        status_port=hold(settings.status_host, settings.status_port),
        revocation_port=hold(settings.revocation_host, settings.revocation_port),
        device_port=hold(settings.device_host, settings.device_port),
    )
    return structs.replace(bound, revocation_url=banner.revocation_url(bound))


def _prepare(directory: DataDirectory, settings: Settings, *, with_hierarchy: bool) -> Mapping[str, Any]:
    """Migrate, make what the first start makes, and write the environment file; what it says."""
    with wiring.offline(directory, settings) as parts:
        targets(parts)  # a section that cannot be used ends the start, not a worker
        check_devices(parts)
        key = bootstrap.admin_key(directory, settings, parts.find_key, parts.insert_key)
        caller = parts.caller(key.principal)
        members = dict(directory.read_environment())
        if with_hierarchy:
            members["root_ca_arn"], members["issuing_ca_arn"] = bootstrap.hierarchy(caller, members)
        if root := members.get("root_ca_arn"):
            bootstrap.write_bundle(directory, caller, root)
            members["ca_bundle"] = str(directory.bundle)
        if arn := members.get("issuing_ca_arn"):
            members["issuing_ca_arn"] = wiring.follow(parts, arn)
        if settings.needs_certificate and not settings.tls_certificate:
            ensure_certificate(directory, settings, caller, members.get("issuing_ca_arn"))
        # A certificate that was brought is checked like any other server's, by the roots of the system.
        members["tls_ca_bundle"] = members.get("ca_bundle") if not settings.tls_certificate else None
        members["revocation_url"] = settings.revocation_url
        members["url"] = banner.base_url(settings)
        directory.write_environment(members)
        return members


def work(lifeline: Lifeline, path: Path, settings: Settings) -> None:
    """One worker process: the applications on sockets of its own, until SIGTERM or the supervisor's end.

    The ports in `settings` are those that the supervisor holds.
    """
    log.configure(settings.log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
    lifeline.watch()
    directory = DataDirectory(path)
    with wiring.online(directory, settings) as apps:
        certificate, key = _tls_files(directory, settings)
        sites = [Site(apps.main, listener(settings.host, settings.port), certificate, key)]
        if apps.status is not None and settings.status_port is not None:
            sites.append(Site(apps.status, listener(settings.status_host, settings.status_port)))
        if apps.revocation is not None and settings.revocation_port is not None:
            sites.append(Site(apps.revocation, listener(settings.revocation_host, settings.revocation_port)))
        if apps.devices is not None and settings.device_port is not None:
            own = listener(settings.device_host, settings.device_port)
            sites.append(Site(apps.devices.app, own, context=apps.devices.tls))
        run_sites(sites, lifeline.announce, GRACE_SECONDS)


def _check_tls_files(settings: Settings) -> None:
    """A certificate and key that were brought: readable, in the clear, and for each other."""
    if not settings.tls_certificate:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"{settings.tls_certificate} and {settings.tls_key} cannot be served: "
            f"{getattr(error, 'reason', None) or getattr(error, 'strerror', None) or error}. "
            "They are a PEM certificate and its unencrypted PEM key.",
        ) from None


def _tls_files(directory: DataDirectory, settings: Settings) -> tuple[str | None, str | None]:
    if not settings.serves_tls:
        return None, None
    if settings.tls_certificate:
        return settings.tls_certificate, settings.tls_key
    return str(directory.tls_certificate), str(directory.tls_key)


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    """Command-line names as settings' names; what was not given is None or empty."""
    return {
        name.replace("_", "-"): value for name, value in given.items() if value is not None and value != ()
    }
