"""Access keys and the principals that they stand for."""

import base64
import secrets
from dataclasses import dataclass, field

from privyseal import names
from privyseal.value import Value

# The shapes of AWS: IAM "AccessKey" (id 16-128 word characters, long-term ids begin with AKIA).
_ID_PREFIX = "AKIA"
_ID_BYTES = 10  # 80 bits, 16 characters of base32
_SECRET_BYTES = 30  # 240 bits, 40 characters of base64


class Principal(Value, frozen=True):
    """Who makes a call, after its signature has been verified."""

    arn: str
    account: str
    access_key_id: str
    admin: bool  # may do everything in its account


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that signs requests. The secret is needed in clear to verify a signature (it keys an
    HMAC), so a repository wraps it before it is stored.
    """

    id: str
    secret: str = field(repr=False)
    account: str  # 12 digits
    principal_arn: str
    active: bool = True
    admin: bool = False

    @property
    def principal(self) -> Principal:
        return Principal(self.principal_arn, self.account, self.id, self.admin)


def new_access_key(account: str, *, region: str, user: str = "admin", admin: bool = True) -> AccessKey:
    """A fresh key of a user, made from the system's CSPRNG."""
    key_id = _ID_PREFIX + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    arn = f"arn:{names.partition(region)}:iam::{account}:user/{user}"
    return AccessKey(key_id, secret, account, arn, admin=admin)
