"""A registrar in memory: it registers, and counts, fails and looks in on request."""

from collections.abc import Callable

from privyseal.devices.identities import Registration
from privyseal.devices.ports import IssuingAuthority
from privyseal.errors import ErrorCode, PrivySealError


class MemoryRegistrar:
    """`active` are the ARNs of the certificates that it lets in; `fail` the code with which it refuses."""

    def __init__(self, endpoint: str = "") -> None:
        self.active: list[str] = []
        self.registered: list[Registration] = []
        self.suspended: list[Registration] = []
        self.withdrawn: list[Registration] = []
        self.trusted: list[tuple[str, str]] = []  # ARN, and a certificate for a code
        self.distrusted: list[str] = []  # certificates, PEM
        self.fail: ErrorCode | None = None
        self.when_asked: Callable[[], None] = lambda: None
        self._endpoint = endpoint

    def register(self, registration: Registration) -> str:
        self._asked()
        self.registered.append(registration)
        if registration.arn not in self.active:
            self.active.append(registration.arn)
        return f"reference of {registration.arn}"

    def suspend(self, registration: Registration) -> None:
        self._asked()
        self.suspended.append(registration)
        if registration.arn in self.active:
            self.active.remove(registration.arn)

    def withdraw(self, registration: Registration) -> None:
        self._asked()
        self.withdrawn.append(registration)
        if registration.arn in self.active:
            self.active.remove(registration.arn)

    def trust(self, authority: IssuingAuthority) -> str:
        self._asked()
        self.trusted.append((authority.arn, authority.prove(f"code of {self._endpoint}")))
        return f"reference of {authority.arn}"

    def distrust(self, certificate: str) -> None:
        self._asked()
        self.distrusted.append(certificate)

    def endpoint(self) -> str:
        self._asked()
        return self._endpoint

    def _asked(self) -> None:
        self.when_asked()
        if self.fail:
            raise PrivySealError(self.fail, "what the operator should know")
