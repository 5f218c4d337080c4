"""Events as e-mail to those who have confirmed a subscription, a message for each of them.

TLS with a verified server is the rule; `security = "insecure"` is for a relay on the same machine. When
some of the mails have gone out and others have not, the next attempt sends those others. Who has had one is
kept in memory: after a restart all go again, with the same Message-ID.
"""

import json
import smtplib
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from privyseal import log
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.events.subscriptions import Recipient
from privyseal.targets.notice import body, is_notice
from privyseal.targets.trust import client_context

MAX_SUBJECT = 200  # characters
MAX_REMEMBERED = 1000  # deliveries; of the one that was tried longest ago it is forgotten who has it
UNSUBSCRIBE = "List-Unsubscribe"  # RFC 2369 §3.2
PERMANENT = range(500, 600)  # RFC 5321 §4.2.1


class _Policy(EmailPolicy):
    """As `email.policy.SMTP`, but a link stays whole: a long one would be encoded like a word."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == UNSUBSCRIBE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


class _Answered:
    """Of deliveries that are to be tried again: for which subscribers the server has answered for good, and
    whether it has taken their mail.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_delivery: dict[str, dict[str, bool]] = {}

    def of(self, delivery: str) -> dict[str, bool]:
        with self._lock:
            found = self._by_delivery.pop(delivery, {})
            self._by_delivery[delivery] = found
            if len(self._by_delivery) > MAX_REMEMBERED:
                del self._by_delivery[next(iter(self._by_delivery))]
            return found

    def forget(self, delivery: str) -> None:
        with self._lock:
            self._by_delivery.pop(delivery, None)


class SmtpTarget:
    """Implements `events.ports.Target` and `events.subscribing.Post`."""

    def __init__(
        self,
        name: str,
        *,
        host: str,
        sender: str,
        recipients: Callable[[str], Sequence[Recipient]],
        clock: Clock,
        port: int = 587,
        security: str = "starttls",
        username: str = "",
        password: str = "",
        ca_file: str = "",
        timeout_seconds: float = 20.0,
    ) -> None:
        """`recipients` gives those of a target. `timeout_seconds` is for each answer of the server."""
        self.name = name
        self._host = host
        self._port = port
        self._sender = sender
        self._recipients = recipients
        self._clock = clock
        self._security = security
        self._login = (username, password) if username else None
        self._tls = client_context(ca_file) if security != "insecure" else None
        self._seconds = timeout_seconds
        self._answered = _Answered()

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        recipients = self._recipients(self.name)
        if not recipients:
            return
        answered = self._answered.of(attempt.delivery)
        later = ""
        with self._connected() as server:
            for each in recipients:
                if each.subscription in answered:
                    continue
                try:
                    server.send_message(
                        self._event_message(event, each, attempt), self._sender, [each.address]
                    )
                    answered[each.subscription] = True
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                    status, why = _refusal(error)
                    if status not in PERMANENT:
                        later = f"{status} {why!r}"
                        continue
                    answered[each.subscription] = False
                    log.warning(
                        "the mail server refuses a subscriber",
                        target=self.name,
                        subscription=each.subscription,
                        status=status,
                    )
        if later:
            raise self._later(later)
        self._answered.forget(attempt.delivery)
        if not any(answered.values()):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, f"The mail server {self._host} refuses every subscriber."
            )

    def post(self, address: str, subject: str, text: str) -> None:
        """Raises INVALID_ARGUMENT for an address that is refused, UNAVAILABLE for everything else."""
        with self._connected() as server:
            try:
                server.send_message(self._message(address, subject, text), self._sender, [address])
            except smtplib.SMTPRecipientsRefused as error:
                ((status, why),) = error.recipients.values()
                if status not in PERMANENT:
                    raise self._later(f"{status} {why!r}") from error
                text = f"The mail server {self._host} refuses {address}: {status}."
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
        message["Message-ID"] = f"<{attempt.delivery}.{to.subscription}@{domain}>"
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
