"""Keys, requests and verdicts by the `openssl` command: nothing of ours in them."""

from collections.abc import Sequence
from pathlib import Path

from tests.e2e.shell import attempt, run
from tests.programs import program

# Kind of key → the words of `openssl genpkey`.
KEYS = {
    "P-256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "P-384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RSA-2048": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "Ed25519": ("ED25519",),
}


def new_key(path: Path, kind: str = "P-256") -> Path:
    run(program("openssl"), "genpkey", "-algorithm", *KEYS[kind], "-out", path)
    return path


def public_key(key: Path) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return run(program("openssl"), "pkey", "-in", key, "-pubout")


def new_csr(path: Path, key: Path, subject: str, names: Sequence[str] = ()) -> Path:
    """`subject` as openssl has it (`/CN=…`), `names` as in its subjectAltName (`DNS:…`)."""
    extra = ["-addext", f"subjectAltName={','.join(names)}"] if names else []
    run(program("openssl"), "req", "-new", "-key", key, "-subj", subject, *extra, "-out", path)
    return path


def verify(certificate: Path, root: Path, chain: Path | None = None, *options: str) -> None:
    """`openssl verify -x509_strict` says OK, trusting nothing but `root`."""
    said = _verified(certificate, root, chain, *options)
    assert said.endswith(": OK"), said


def refusal(certificate: Path, root: Path, chain: Path | None = None, *options: str) -> str:
    """Why `openssl verify` does not say OK."""
    said = _verified(certificate, root, chain, *options)
    assert not said.endswith(": OK"), said
    return said


def text(certificate: Path) -> str:
    return run(program("openssl"), "x509", "-in", certificate, "-noout", "-text")


def _verified(certificate: Path, root: Path, chain: Path | None, *options: str) -> str:
    middle = ["-untrusted", str(chain)] if chain else []
    strict = ["-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(root)]
    done = attempt(program("openssl"), "verify", *strict, *middle, *options, certificate)
    return (done.stdout + done.stderr).strip()
