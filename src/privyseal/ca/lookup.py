"""Finding an authority for a caller: not there and not yours are the same answer."""

from collections.abc import Container
from datetime import datetime

from privyseal.ca.model import Authority
from privyseal.ca.ports import Authorities
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from privyseal.store import Tx


def find_authority(tx: Tx, authorities: Authorities, caller: Caller, arn_text: str) -> Authority:
    """The authority of that ARN, if it exists and the caller's account owns it.

    Raises INVALID_ARN or NOT_FOUND.
    """
    arn = AuthorityArn.parse(arn_text)
    return owned(authorities.find(tx, arn.id), arn, caller, tx.now)


def owned(authority: Authority | None, arn: AuthorityArn, caller: Caller, now: datetime) -> Authority:
    """`authority` if it is the one that `arn` means and the caller's to use, else NOT_FOUND."""
    if authority is None or authority.arn != arn or arn.account != caller.account or is_gone(authority, now):
        raise PrivySealError(ErrorCode.NOT_FOUND, f"Could not find the certificate authority {arn}.")
    return authority


def is_gone(authority: Authority, now: datetime) -> bool:
    """A deleted authority is gone for good when its restoration window has closed."""
    if authority.status is not Status.DELETED:
        return False
    return authority.restorable_until is None or now >= authority.restorable_until


def require_status(authority: Authority, now: datetime, allowed: Container[Status]) -> Authority:
    """`authority`, if it is in one of the states `allowed` now, else INVALID_STATE.

    Clients match the words "The certificate authority is in the DELETED state" (Terraform's AWS
    provider, ListPermissions).
    """
    status = authority.status_at(now)
    if status not in allowed:
        raise PrivySealError(
            ErrorCode.INVALID_STATE, f"The certificate authority is in the {status.value} state."
        )
    return authority
