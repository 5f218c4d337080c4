"""The section about GitOps: where the files are that say what is to be issued and revoked."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_Pattern = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._@+=,()*?\[\] -]{1,255}\Z")]


class GitOpsSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[serverless.gitops]`: certs/<env>/ with tls.json, revoked.json, revoked-root-ca.json and csrs/."""

    source: Literal["", "directory", "git", "s3"] = ""  # where; no GitOps where empty
    cert_info_files: tuple[Literal["tls", "revoked", "revoked-root-ca"], ...] = (
        "tls",
        "revoked",
        "revoked-root-ca",
    )  # which of the lists are read
    csr_files: tuple[_Pattern, ...] = ("*.csr",)  # which files of csrs/, by name or pattern
    directory: str = ""  # with `directory`: the folder that has certs/
    url: str = ""  # these six are for `git`: https://, ssh://, file://
    branch: str = "main"
    allowed_signers: str = ""  # a file as in ssh-keygen(1): only commits that one of them has signed
    pgp_keys: str = ""  # a file of OpenPGP public keys, likewise
    username: str = ""  # for https
    password_file: str = ""
    bucket: str = ""  # these five are for `s3`; serverless-ca's name of its internal bucket where empty
    prefix: str = ""
    endpoint_url: str = ""
    region: str = ""
    profile: str = ""
