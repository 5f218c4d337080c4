"""E-mail: who gets what, over which connection, and what a hostile event can put into it (nothing)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.events.subscriptions import Recipient
from privyseal.targets.smtp import SmtpTarget
from tests.targets.mail_receiver import Mailbox, mail_server
from tests.targets.own_ca import OwnCa
from tests.targets.samples import ARN, attempt, event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = "x" * 200
A = Recipient("sub-a", "a@example.com", f"https://ca.example/subscriptions/a/unsubscribe?signature={LONG}")
B = Recipient("sub-b", "b@example.com", "https://ca.example/subscriptions/sub-b/unsubscribe?signature=y")


def smtp(mailbox: Mailbox, **more: Any) -> SmtpTarget:
    given: dict[str, Any] = {"security": "insecure", "host": "localhost"} | more
    return SmtpTarget(
        "ops",
        port=mailbox.port,
        sender="pki@example.com",
        recipient={each.subscription: each for each in (A, B)}.get,
        clock=FixedClock(NOW),
        **given,
    )


def to(recipient: Recipient) -> Attempt:
    return attempt(recipient=recipient.subscription)


def refusal(target: SmtpTarget, recipient: Recipient = A) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(event(), to(recipient))
    return refused.value


def test_each_subscriber_gets_a_mail_with_a_link_of_its_own() -> None:
    with mail_server() as mailbox:
        attempts = [to(A), to(B)]
        for each in attempts:
            smtp(mailbox).send(event(), each)
    assert [address for address, _ in mailbox.mails] == ["a@example.com", "b@example.com"]
    for recipient, sent, (_, mail) in zip((A, B), attempts, mailbox.mails, strict=True):
        assert mail["To"] == recipient.address
        assert mail["Subject"] == "ACM Certificate Available: käse.example"
        assert mail["Message-ID"] == f"<{sent.delivery}@example.com>"
        assert mail["List-Unsubscribe"] == f"<{recipient.unsubscribe_url}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
        assert ARN in mail.get_content()
        assert recipient.unsubscribe_url in mail.get_content()


def test_who_has_unsubscribed_meanwhile_gets_nothing() -> None:
    target = SmtpTarget(
        "ops", host="localhost", port=1, sender="a@b", recipient=lambda _: None, clock=FixedClock(NOW)
    )
    target.send(event(), to(A))


def test_starttls_verifies_the_server_and_then_logs_in(own_ca: OwnCa) -> None:
    with mail_server(own_ca.server_context("localhost"), login=True) as mailbox:
        secure: dict[str, Any] = {"security": "starttls", "ca_file": str(own_ca.file)}
        login: dict[str, Any] = {"username": "pki", "password": "the password"}
        smtp(mailbox, **secure, **login).send(event(), to(A))
        wrong = refusal(smtp(mailbox, **secure, username="pki", password="another one"))
        strange = refusal(smtp(mailbox, security="starttls", **login))
        misnamed = refusal(smtp(mailbox, **secure, **login, host="127.0.0.1"))
        plain = refusal(smtp(mailbox))
    assert mailbox.over_tls == [True]
    assert mailbox.logins[0] == (b"pki", b"the password")
    assert mailbox.logins.count((b"pki", b"the password")) == 1, "a server that is not verified gets none"
    assert {each.code for each in (wrong, strange, misnamed, plain)} == {ErrorCode.UNAVAILABLE}
    assert "another one" not in wrong.message


def test_a_server_without_starttls_gets_nothing() -> None:
    """Somebody between who hides the offer gains nothing."""
    with mail_server() as mailbox:
        assert refusal(smtp(mailbox, security="starttls")).code is ErrorCode.UNAVAILABLE
    assert mailbox.mails == []


def test_tls_from_the_first_byte(own_ca: OwnCa) -> None:
    with mail_server(own_ca.server_context("localhost"), starttls=False) as mailbox:
        smtp(mailbox, security="tls", ca_file=str(own_ca.file)).send(event(), to(A))
        assert refusal(smtp(mailbox, security="tls")).code is ErrorCode.UNAVAILABLE
    assert len(mailbox.mails) == 1


def test_what_the_server_says_of_an_address_or_a_mail_says_whether_it_is_tried_again() -> None:
    with mail_server() as mailbox:
        for answers in (mailbox.refusals, mailbox.spam):
            answers[A.address] = "554 rejected"
            assert refusal(smtp(mailbox)).code is ErrorCode.INVALID_ARGUMENT
            assert A.subscription in refusal(smtp(mailbox)).message
            assert A.address not in refusal(smtp(mailbox)).message
            answers[A.address] = "452 mailbox full"
            assert refusal(smtp(mailbox)).code is ErrorCode.UNAVAILABLE
            answers.clear()
        smtp(mailbox).send(event(), to(A))
    assert [address for address, _ in mailbox.mails] == [A.address]


@pytest.mark.parametrize(
    "text",
    ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\u2028Bcc: e@x\u0085y", "\r\n\r\nbody", "\0"],
)
def test_no_event_can_add_a_header_or_a_recipient(text: str) -> None:
    hostile = event(detail={"CommonName": text}, resources=[text]) | {"detail-type": text}
    with mail_server() as mailbox:
        smtp(mailbox).send(hostile, to(A))
    ((address, mail),) = mailbox.mails
    assert address == A.address
    assert mail["Bcc"] is None
    assert sorted(name.lower() for name in mail if name.lower() != "mime-version") == sorted(
        [
            "auto-submitted", "content-transfer-encoding", "content-type", "date", "from",
            "list-unsubscribe", "list-unsubscribe-post", "message-id", "subject", "to",
        ]
    )  # fmt: skip
