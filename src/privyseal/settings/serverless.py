"""The section about serverless-ca's contract: what it is called here, and what may be asked for."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from privyseal.settings.gitops import GitOpsSettings

_Part = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,31}\Z")]


class ServerlessSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[serverless]`: the functions, files and notices of serverless-ca."""

    project: _Part = "serverless"  # the first part of all names
    env: _Part = "dev"  # their last one
    prod_envs: tuple[_Part, ...] = ("prd", "prod")  # environments whose authorities' names have no last part
    authority: str = ""  # the issuing authority's ARN; the default issuing CA where empty
    max_cert_lifetime: Annotated[int, Meta(ge=1, le=36500)] = 365  # days
    custom_extension_allowlist: tuple[str, ...] = ()  # OIDs that a request may bring along
    key_reuse: Literal["strict", "compatible"] = "strict"  # a key has one certificate, or one for each name
    root: str = ""  # the root authority's ARN, for revoked-root-ca.json; the default root CA where empty
    expiry_reminders: Annotated[tuple[Annotated[int, Meta(ge=1, le=3650)], ...], Meta(max_length=50)] = (
        30,
        15,
        7,
        1,
    )  # days before the end
    external_bucket: str = ""  # gets CA certificates, their bundle and CRLs under serverless-ca's names
    table: Annotated[str, Meta(pattern=r"\A([A-Za-z0-9_.-]{3,255})?\Z")] = (
        ""  # of DynamoDB; gets certificates
    )
    region: str = ""  # of the table, like the next two
    endpoint_url: str = ""
    profile: str = ""
    gitops: GitOpsSettings = GitOpsSettings()
