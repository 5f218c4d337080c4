"""`privyseal csr`: a key and a request, without any service."""

from pathlib import Path

import click

from privyseal.cli.files import require_absent, stem_for, write_files
from privyseal.cli.options import example, force_option, key_algorithm_option, output_option
from privyseal.cli.output import show_fields, show_json
from privyseal.client import generate_csr, key_pem

_FILE = click.Path(dir_okay=False, path_type=Path)
# Names that the scripts of serverless-ca write, and its documents presume, below the home directory.
_FOLDER = "certs"
_SERVER = ("server-key.pem", "server-cert-request.csr")


@click.command(epilog=example("privyseal csr --cn app.internal --dns app.internal --dns www.app.internal"))
@click.option("--cn", required=True, metavar="NAME", help="Common name.")
@click.option("--dns", multiple=True, metavar="NAME", help="DNS name of a server; may be repeated.")
@key_algorithm_option
@click.option(
    "--server", is_flag=True, help="Write ~/certs/server-key.pem and server-cert-request.csr, for GitOps."
)
@click.option("--out-key", type=_FILE, help="[default: NAME.key.pem]")
@click.option("--out-csr", type=_FILE, help="[default: NAME.csr.pem]")
@force_option
@output_option
def csr(
    *,
    cn: str,
    dns: tuple[str, ...],
    key_algorithm: str,
    server: bool,
    out_key: Path | None,
    out_csr: Path | None,
    force: bool,
    output: str,
) -> None:
    """Make a private key and a certificate signing request."""
    own_key, own_csr = _server_files() if server else _files(stem_for(cn))
    key_file, csr_file = out_key or own_key, out_csr or own_csr
    if key_file.resolve() == csr_file.resolve():
        raise click.UsageError("--out-key and --out-csr name the same file: the key would be lost.")
    require_absent(key_file, csr_file, force=force)
    pem, key = generate_csr(cn, dns, key_algorithm)
    write_files({key_file: key_pem(key), csr_file: pem}, force=force)
    if output == "json":
        show_json({"csr": pem, "files": {"key": str(key_file), "csr": str(csr_file)}})
    else:
        show_fields({"key": key_file, "CSR": csr_file})
        if server:
            click.echo(
                "Put the CSR into certs/ENV/csrs/, and an entry that names it into certs/ENV/tls.json."
            )
        else:
            click.echo(f"Get its certificate with: privyseal issue --csr {csr_file}")


def _files(stem: str) -> tuple[Path, Path]:
    return Path(f"{stem}.key.pem"), Path(f"{stem}.csr.pem")


def _server_files() -> tuple[Path, Path]:
    folder = Path.home() / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    key, request = _SERVER
    return folder / key, folder / request
