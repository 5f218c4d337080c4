"""Events as e-mail to those who have confirmed a subscription, a message for each of them.

TLS with a verified server is the rule; `security = "insecure"` is for a relay on the same machine. Each
delivery is to one subscriber, so none of them waits for another; one that is tried again has the same
Message-ID.
"""

import json
import smtplib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.events.subscriptions import Recipient
from privyseal.targets.notice import body, is_notice
from privyseal.targets.trust import client_context

MAX_SUBJECT = 200  # characters
UNSUBSCRIBE = "List-Unsubscribe"  # RFC 2369 §3.2
PERMANENT = range(500, 600)  # RFC 5321 §4.2.1


class _Policy(EmailPolicy):
    """As `email.policy.SMTP`, but a link stays whole: a long one would be encoded like a word."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == UNSUBSCRIBE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


class SmtpTarget:
    """Implements `events.ports.Target` and `events.subscribing.Post`."""

    def __init__(
        self,
        name: str,
        *,
        host: str,
        sender: str,
        recipient: Callable[[str], Recipient | None],
        clock: Clock,
        port: int = 587,
        security: str = "starttls",
        username: str = "",
        password: str = "",
        ca_file: str = "",
        timeout_seconds: float = 20.0,
    ) -> None:
        """`recipient` knows subscriptions by id. `timeout_seconds` is for each answer of the server."""
        self.name = name
        self._host = host
        self._port = port
        self._sender = sender
        self._recipient = recipient
        self._clock = clock
        self._security = security
        self._login = (username, password) if username else None
        self._tls = client_context(ca_file) if security != "insecure" else None
        self._seconds = timeout_seconds

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        """Who has unsubscribed meanwhile gets nothing, and that is all."""
        if to := self._recipient(attempt.recipient):
            self._hand_over(
                self._event_message(event, to, attempt), to.address, f"subscription {to.subscription}"
            )

    def post(self, address: str, subject: str, text: str) -> None:
        self._hand_over(self._message(address, subject, text), address, address)

    def _hand_over(self, message: EmailMessage, address: str, whom: str) -> None:
        """Raises INVALID_ARGUMENT for what the server refuses for good, UNAVAILABLE for everything else."""
        with self._connected() as server:
            try:
                server.send_message(message, self._sender, [address])
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                status, why = _refusal(error)
                if status not in PERMANENT:
                    raise self._later(f"{status} {why!r}") from error
                text = f"The mail server {self._host} refuses {whom}: {status}."
                raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text) from error

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._open()
            try:
                if self._security == "starttls":
                    server.starttls(context=self._tls)
                if self._login:
                    server.login(*self._login)
                yield server
                with suppress(smtplib.SMTPException, OSError):  # what it has taken is its own
                    server.quit()
            finally:
                server.close()
        except (smtplib.SMTPException, OSError) as error:
            # A wrong password can be put right while the event waits, so nothing here is for ever. What
            # smtplib says may repeat what the server said; a server does not repeat passwords.
            raise self._later(f"{type(error).__name__}: {error}") from error

    def _open(self) -> smtplib.SMTP:
        if self._security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._seconds, context=self._tls)
        return smtplib.SMTP(self._host, self._port, timeout=self._seconds)

    def _event_message(self, event: Mapping[str, Any], to: Recipient, attempt: Attempt) -> EmailMessage:
        message = self._message(to.address, _subject(event), _body(event, to, self.name))
        domain = self._sender.partition("@")[2]
        message["Message-ID"] = f"<{attempt.delivery}@{domain}>"
        message[UNSUBSCRIBE] = f"<{to.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058 §3.1
        return message

    def _message(self, address: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        message["To"] = address
        message["Subject"] = _one_line(subject)
        message["Date"] = format_datetime(self._clock.now())
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no answering machine answers
        message.set_content(text)
        return message

    def _later(self, why: str) -> PrivySealError:
        return PrivySealError(ErrorCode.UNAVAILABLE, f"{self._host} takes no mail now: {why}.")


def _refusal(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) -> tuple[int, Any]:
    """Of the one recipient, or of its mail."""
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code, error.smtp_error
    ((status, why),) = error.recipients.values()
    return status, why


def _subject(event: Mapping[str, Any]) -> str:
    if is_notice(event):  # as serverless-ca's users have it in their filters
        return str(event["detail-type"])
    about = event["detail"].get("CommonName") or next(iter(event["resources"]), event["source"])
    return f"{event['detail-type']}: {about}"


def _one_line(text: str) -> str:
    """A header holds one line: whatever could end it, or hide what stands there, is a space."""
    shown = ("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)).split()
    return " ".join(shown)[:MAX_SUBJECT]


def _body(event: Mapping[str, Any], recipient: Recipient, target: str) -> str:
    lines = [event["detail-type"], "", f"Time: {event['time']}", *event["resources"], ""]
    return (
        "\n".join(map(_one_line, lines))
        + f"\n\n{json.dumps(body(event), indent=2)}\n\n-- \n"
        + f"{recipient.address} is subscribed to {target!r}. To end that, open\n{recipient.unsubscribe_url}\n"
    )
