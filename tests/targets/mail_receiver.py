"""A mail server (aiosmtpd) that keeps what it is given."""

import email
import email.policy
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Mailbox:
    """`refusals`: address → the answer to its RCPT; `spam`: address → the answer to its mail."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[tuple[str, EmailMessage]] = []  # recipient and message
        self.refusals: dict[str, str] = {}
        self.spam: dict[str, str] = {}
        self.logins: list[tuple[bytes, bytes]] = []
        self.over_tls: list[bool] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if (to := envelope.rcpt_tos[0]) in self.spam:
            return self.spam[to]
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.over_tls.append(session.ssl is not None)
        self.mails += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        right = data.password == b"the password"
        return AuthResult(success=right, handled=right)  # aiosmtpd itself refuses what is not handled


class _Controller(Controller):
    """Takes a free port, and looks for itself there."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, *, starttls: bool = True, login: bool = False
) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    security: dict[str, Any] = {}
    if tls and starttls:
        security = {"tls_context": tls, "require_starttls": True}
    elif tls:
        security = {"ssl_context": tls}
    if login:
        security |= {"authenticator": mailbox.authenticate, "auth_required": True}
    controller = _Controller(mailbox, hostname="127.0.0.1", port=0, **security)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
