"""On whose behalf something is done: it goes into every journal entry."""

import re

from privyseal.value import Value

_SERVICE = re.compile(r"\A[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com\Z")


class Caller(Value, frozen=True):
    """`principal` is an ARN, `device:ID` for a device that proved its key, or the principal of an AWS
    service (`acm.amazonaws.com`); `account` 12 digits.
    """

    principal: str
    account: str
    request_id: str

    @property
    def service(self) -> str | None:
        """The AWS service that acts for the account (`acm.amazonaws.com`), where it is one."""
        return self.principal if _SERVICE.match(self.principal) else None
