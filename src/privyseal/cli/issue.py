"""`privyseal issue`: from a name or a CSR to files that a server can use."""

from dataclasses import dataclass
from pathlib import Path

import click

from privyseal.cli.files import read_input, require_absent, stem_for, write_files
from privyseal.cli.options import example, force_option, key_algorithm_option, output_option, with_environment
from privyseal.cli.output import rfc3339, show_fields, show_json
from privyseal.client import (
    ClientError,
    Environment,
    IssuedCertificate,
    generate_csr,
    inspect_certificate,
    issue_certificate,
    key_pem,
    template_arn,
    wait_for_certificate,
)
from privyseal.errors import ErrorCode
from privyseal.x509.pem import blocks, to_pem
from privyseal.x509.refusal import reported

DEFAULT_TEMPLATE = "EndEntityCertificate/V1"
MAX_CHAIN = 20  # authorities above a certificate; three are many


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one certificate: `PREFIX.key.pem` and so on."""

    prefix: Path

    def path(self, kind: str) -> Path:
        return self.prefix.with_name(f"{self.prefix.name}.{kind}.pem")

    def certificate(self, issued: IssuedCertificate) -> dict[Path, str]:
        return {
            self.path("cert"): f"{issued.certificate.strip()}\n",
            self.path("chain"): f"{issued.chain.strip()}\n",
            self.path("fullchain"): _full_chain(issued),
        }


@click.command(epilog=example("privyseal issue --cn app.internal --dns app.internal --days 90 --out tls/app"))
@click.option("--csr", "csr_file", metavar="FILE", help="A CSR in PEM; - for standard input.")
@click.option("--cn", metavar="NAME", help="Instead: make a key and a CSR with this common name.")
@click.option("--dns", multiple=True, metavar="NAME", help="With --cn: DNS name; may be repeated.")
@key_algorithm_option
@click.option("--ca", "authority", metavar="ARN", help="[default: the issuing CA that `up` made]")
@click.option("--days", type=click.IntRange(1), default=365, show_default=True)
@click.option("--template", default=DEFAULT_TEMPLATE, show_default=True, help="Name or ARN.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Directory or prefix of the files [default: the name]."
)
@force_option
@output_option
@with_environment
def issue(
    *,
    environment: Environment,
    csr_file: str | None,
    cn: str | None,
    dns: tuple[str, ...],
    key_algorithm: str,
    authority: str | None,
    days: int,
    template: str,
    out: Path | None,
    force: bool,
    output: str,
) -> None:
    """Issue a certificate and write it to files.

    They are PREFIX.cert.pem, PREFIX.chain.pem (issuer to root) and PREFIX.fullchain.pem (what a server
    sends), with --cn also PREFIX.key.pem; all with mode 0600.
    """
    if (csr_file is None) == (cn is None):
        raise click.UsageError("give either --csr FILE or --cn NAME")
    if cn is not None and not cn.strip():
        raise click.UsageError("--cn is empty: give the name of the server or client")
    if csr_file is not None and dns:
        raise click.UsageError("--dns goes with --cn: a CSR already says which names it is for")
    authority = authority or environment.issuing_ca_arn
    if authority is None:
        raise click.UsageError(
            "no authority is known: name it with --ca ARN (`privyseal ca list` shows them)"
        )
    files = _Files(_prefix(out, stem_for(cn or _stem(csr_file))))
    kinds = ["cert", "chain", "fullchain", *(["key"] if cn else [])]
    require_absent(*map(files.path, kinds), force=force)
    csr: str | bytes
    if cn:
        csr, key = generate_csr(cn, dns, key_algorithm)
        secret = key_pem(key)
    else:
        csr, secret = read_input(str(csr_file)), None
    api = environment.client()
    arn = issue_certificate(
        api,
        certificate_authority_arn=authority,
        csr=csr,
        validity_days=days,
        template_arn=_template(template, authority),
    )
    if secret:
        write_files({files.path("key"): secret}, force=force)  # before waiting: the ARN is useless without it
    try:
        issued = wait_for_certificate(api, authority, arn)
    except ClientError as error:
        error.advice = f"It was issued: fetch it with `privyseal cert get {arn}`."
        raise
    write_files(files.certificate(issued), force=force)
    _report(arn, issued, {kind: str(files.path(kind)) for kind in kinds}, output)


def _report(arn: str, issued: IssuedCertificate, files: dict[str, str], output: str) -> None:
    if output == "json":
        show_json(
            {
                "certificate_arn": arn,
                "certificate": issued.certificate,
                "certificate_chain": issued.chain,
                "files": files,
            }
        )
        return
    summary = inspect_certificate(issued.certificate)
    show_fields(
        {
            "issued": arn,
            "subject": summary.subject,
            "issuer": summary.issuer,
            "not after": rfc3339(summary.not_after),
            **files,
        }
    )


def _template(name: str, authority: str) -> str:
    """An ARN stays as it is; a name becomes one, and `/V1` may be left out."""
    if name.startswith("arn:"):
        return name
    return template_arn(name if "/" in name else f"{name}/V1", authority)


def _stem(csr_file: str | None) -> str:
    name = Path(csr_file or "-").name
    return "certificate" if name == "-" else name.removesuffix(".pem").removesuffix(".csr")


def _prefix(out: Path | None, stem: str) -> Path:
    if out is None:
        return Path(stem)
    return out / stem if out.is_dir() else out


def _full_chain(issued: IssuedCertificate) -> str:
    """The certificate and its intermediates. Whoever trusts the root has it (RFC 8446 §4.4.2)."""
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "the chain of the certificate"):
        authorities = blocks(issued.chain.encode(), "CERTIFICATE", most=MAX_CHAIN)
    return "".join(f"{pem}\n" for pem in (issued.certificate.strip(), *map(to_pem, authorities[:-1])))
