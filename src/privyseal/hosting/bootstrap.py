"""The first start: an administrator's key, a root and an issuing authority, the environment file.

Every step looks first whether an earlier start has done it, so an interrupted first start goes on
where it was. The two authorities are known by a tag.
"""

from collections.abc import Callable, Mapping
from typing import Any

from privyseal import log
from privyseal.access.model import AccessKey, new_access_key
from privyseal.client.api import Caller
from privyseal.client.ceremony import activate_authority, create_authority
from privyseal.client.errors import ApiError
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import Settings

ROLE_TAG = "privyseal:role"
ROOT_ROLE = "root"
ISSUING_ROLE = "issuing"

KEY_ALGORITHM = "EC_prime256v1"
ROOT_SUBJECT = {"CommonName": "Privy Seal Root CA"}
ISSUING_SUBJECT = {"CommonName": "Privy Seal Issuing CA"}


def admin_key(
    directory: DataDirectory,
    settings: Settings,
    find: Callable[[str], AccessKey | None],
    insert: Callable[[AccessKey], None],
) -> AccessKey:
    """The administrator's access key: that of the last start, or a new one."""
    members = directory.read_environment()
    _same_place(members, settings)
    if key_id := members.get("access_key_id"):
        key = find(str(key_id))
        if key is not None:
            return key
    key = new_access_key(settings.account, region=settings.region)
    insert(key)
    directory.write_environment({**members, **key_members(key), **_place(settings)})
    return key


def hierarchy(caller: Caller, members: Mapping[str, Any]) -> tuple[str, str]:
    """The ARNs of the root and the issuing authority.

    Both are ACTIVE when the first start has come this far. Later starts take what it has noted and
    leave alone what an administrator has made of them since.
    """
    if members.get("root_ca_arn") and members.get("issuing_ca_arn"):
        return str(members["root_ca_arn"]), str(members["issuing_ca_arn"])
    known = _by_role(caller)
    root = _ensure(caller, known.get(ROOT_ROLE), ROOT_ROLE, ROOT_SUBJECT, None)
    issuing = _ensure(caller, known.get(ISSUING_ROLE), ISSUING_ROLE, ISSUING_SUBJECT, root)
    return root, issuing


def write_bundle(directory: DataDirectory, caller: Caller, root_arn: str) -> None:
    """The PEM file with the root: what a client has to trust. A root that is gone leaves the old one."""
    try:
        answer = caller.call("GetCertificateAuthorityCertificate", {"CertificateAuthorityArn": root_arn})
    except ApiError as error:
        log.warning("the root of the first start has no certificate", error=str(error))
        return
    write_file(directory.bundle, [str(answer["Certificate"]).encode() + b"\n"])


def key_members(key: AccessKey) -> dict[str, str]:
    return {"access_key_id": key.id, "secret_access_key": key.secret}


def _place(settings: Settings) -> dict[str, str]:
    return {"region": settings.region, "account": settings.account}


def _same_place(members: Mapping[str, Any], settings: Settings) -> None:
    """Region and account are in every ARN: an installation keeps those it began with."""
    for name, value in _place(settings).items():
        if members.get(name, value) != value:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"This data directory belongs to {name} {members[name]}, not {value}: its ARNs say so. "
                f"Start with --{name} {members[name]}, or with another --data-dir.",
            )


def _by_role(caller: Caller) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    params: dict[str, Any] = {}
    while True:
        page = caller.call("ListCertificateAuthorities", params)
        for authority in page.get("CertificateAuthorities", []):
            if authority["Status"] == "DELETED":
                continue
            tags = caller.call("ListTags", {"CertificateAuthorityArn": authority["Arn"]})["Tags"]
            role = next((tag.get("Value") for tag in tags if tag["Key"] == ROLE_TAG), None)
            if role is not None:
                found.setdefault(str(role), authority)
        if "NextToken" not in page:
            return found
        params = {"NextToken": page["NextToken"]}


def _ensure(
    caller: Caller,
    known: Mapping[str, Any] | None,
    role: str,
    subject: Mapping[str, str],
    parent: str | None,
) -> str:
    if known is None:
        made = create_authority(
            caller, subject=subject, key_algorithm=KEY_ALGORITHM, parent_arn=parent, tags={ROLE_TAG: role}
        )
        return made.arn
    arn = str(known["Arn"])
    if known["Status"] == "PENDING_CERTIFICATE":
        activate_authority(caller, arn, parent_arn=parent)
    return arn
