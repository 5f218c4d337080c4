"""Whether a commit of git is signed by somebody who may sign here.

A signature is in the header `gpgsig` of the commit object, over the object without that header. Verified by
those who define the formats: `ssh-keygen -Y verify` (namespace `git`, as git has it) against an
allowed-signers file, or `gpg` against a file of public keys. Whatever is not verified is refused.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.scratch import scratch_folder

_SSH: Final = b"-----BEGIN SSH SIGNATURE-----"
_PGP: Final = b"-----BEGIN PGP SIGNATURE-----"
_NAMESPACE: Final = "git"
_SECONDS: Final = 30
# Lines of `gpg --status-fd` that make a signature worthless although it verifies.
_WORTHLESS: Final = ("EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG")
# Nothing of this process's environment decides: where programs are, and a language to read.
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign: an allowed-signers file (ssh-keygen(1)), and a file of OpenPGP public keys."""

    allowed: Path | None = None
    pgp_keys: Path | None = None

    def check(self, commit: str, content: bytes, signature: bytes | None) -> None:
        """Raises INVALID_STATE. `content` is what was signed."""
        if not signature:
            raise _untrusted(commit, "it is not signed")
        signature = signature.strip() + b"\n"
        try:
            with scratch_folder() as folder:
                file = folder / "signature"
                file.write_bytes(signature)
                if signature.startswith(_SSH) and self.allowed is not None:
                    _check_ssh(commit, content, file, self.allowed)
                elif signature.startswith(_PGP) and self.pgp_keys is not None:
                    _check_pgp(commit, content, file, self.pgp_keys)
                else:
                    raise _untrusted(
                        commit, "nobody is allowed to sign in that way (allowed-signers, pgp-keys)"
                    )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _untrusted(commit, f"its signature cannot be verified: {error}") from error


def _check_ssh(commit: str, content: bytes, signature: Path, allowed: Path) -> None:
    found = _run(b"", "ssh-keygen", "-Y", "find-principals", "-f", str(allowed), "-s", str(signature))
    principals = found.stdout.decode(errors="replace").split()
    if found.returncode or not principals:
        raise _untrusted(commit, "its key is not one of an allowed signer")
    for principal in principals:
        options = ("-f", str(allowed), "-I", principal, "-n", _NAMESPACE, "-s", str(signature))
        if _run(content, "ssh-keygen", "-Y", "verify", *options).returncode == 0:
            return
    raise _untrusted(commit, "its signature does not verify")


def _check_pgp(commit: str, content: bytes, signature: Path, keys: Path) -> None:
    home = signature.parent / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--no-tty", "--no-auto-key-retrieve")
    try:
        if _run(b"", *gpg, "--import", str(keys)).returncode:
            raise _untrusted(commit, "the file of keys (pgp-keys) cannot be read by gpg")
        done = _run(content, *gpg, "--status-fd", "1", "--verify", str(signature), "-")
        said = [
            line.split()[1]
            for line in done.stdout.decode(errors="replace").splitlines()
            if len(line.split()) > 1
        ]
        if done.returncode or "VALIDSIG" not in said or any(each in said for each in _WORTHLESS):
            raise _untrusted(commit, "its signature is not a good one of a key that is allowed")
    finally:
        _run(b"", "gpgconf", "--homedir", str(home), "--kill", "all")


def _run(given: bytes, *command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - no shell; the arguments are paths of ours and a principal
        command, input=given, capture_output=True, timeout=_SECONDS, env=_ENVIRONMENT, check=False
    )


def _untrusted(commit: str, why: str) -> PrivySealError:
    return PrivySealError(
        ErrorCode.INVALID_STATE,
        f"The commit {commit[:12]} is not used: {why}. Somebody who is allowed has to sign the tip of "
        "the branch (git commit --amend -S --no-edit, or a new commit).",
    )
