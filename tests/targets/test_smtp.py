"""E-mail: who gets what, over which connection, and what a hostile event can put into it (nothing)."""

from collections.abc import Sequence
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


def smtp(mailbox: Mailbox, recipients: Sequence[Recipient] = (A, B), **more: Any) -> SmtpTarget:
    given: dict[str, Any] = {"security": "insecure", "host": "localhost"} | more
    return SmtpTarget(
        "ops",
        port=mailbox.port,
        sender="pki@example.com",
        recipients=lambda _: recipients,
        clock=FixedClock(NOW),
        **given,
    )


def refusal(target: SmtpTarget) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(event(), attempt())
    return refused.value


def test_each_subscriber_gets_a_mail_with_a_link_of_its_own() -> None:
    with mail_server() as mailbox:
        sent = attempt()
        smtp(mailbox).send(event(), sent)
    assert [to for to, _ in mailbox.mails] == ["a@example.com", "b@example.com"]
    for recipient, (_, mail) in zip((A, B), mailbox.mails, strict=True):
        assert mail["To"] == recipient.address
        assert mail["Subject"] == "ACM Certificate Available: käse.example"
        assert mail["Message-ID"] == f"<{sent.delivery}.{recipient.subscription}@example.com>"
        assert mail["List-Unsubscribe"] == f"<{recipient.unsubscribe_url}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
        assert ARN in mail.get_content()
        assert recipient.unsubscribe_url in mail.get_content()


def test_without_subscribers_nobody_is_asked() -> None:
    target = SmtpTarget(
        "ops", host="localhost", port=1, sender="a@b", recipients=lambda _: (), clock=FixedClock(NOW)
    )
    target.send(event(), attempt())


def test_starttls_verifies_the_server_and_then_logs_in(own_ca: OwnCa) -> None:
    with mail_server(own_ca.server_context("localhost"), login=True) as mailbox:
        secure: dict[str, Any] = {"security": "starttls", "ca_file": str(own_ca.file)}
        login: dict[str, Any] = {"username": "pki", "password": "the password"}
        smtp(mailbox, [A], **secure, **login).send(event(), attempt())
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
        smtp(mailbox, security="tls", ca_file=str(own_ca.file)).send(event(), attempt())
        assert refusal(smtp(mailbox, security="tls")).code is ErrorCode.UNAVAILABLE
    assert len(mailbox.mails) == 2


def test_one_subscriber_that_is_refused_does_not_stop_the_others() -> None:
    with mail_server() as mailbox:
        mailbox.refusals = {A.address: "550 no such user"}
        smtp(mailbox).send(event(), attempt())
        assert [to for to, _ in mailbox.mails] == [B.address]
        mailbox.refusals |= {B.address: "550 no such user"}
        assert refusal(smtp(mailbox)).code is ErrorCode.INVALID_ARGUMENT
        mailbox.refusals |= {B.address: "451 come back later"}
        assert refusal(smtp(mailbox)).code is ErrorCode.UNAVAILABLE


def test_one_subscriber_with_a_full_mailbox_costs_the_others_nothing() -> None:
    """Each of them gets one mail, whoever stands before them, and the one that was late gets it later."""
    with mail_server() as mailbox:
        mailbox.refusals = {A.address: "452 mailbox full"}
        target, again = smtp(mailbox), attempt()
        for number in range(1, 4):
            with pytest.raises(PrivySealError) as refused:
                target.send(event(), Attempt(again.delivery, number))
            assert refused.value.code is ErrorCode.UNAVAILABLE
        assert [to for to, _ in mailbox.mails] == [B.address]
        mailbox.refusals = {}
        target.send(event(), Attempt(again.delivery, 4))
        assert [to for to, _ in mailbox.mails] == [B.address, A.address]
        target.send(event(), Attempt(again.delivery, 5))  # a replay is for everybody
        assert len(mailbox.mails) == 4


def test_one_mail_that_is_taken_for_spam_costs_the_others_nothing() -> None:
    with mail_server() as mailbox:
        mailbox.spam = {A.address: "554 rejected"}
        smtp(mailbox).send(event(), attempt())
        mailbox.spam = {A.address: "451 later"}
        assert refusal(smtp(mailbox)).code is ErrorCode.UNAVAILABLE
    assert [to for to, _ in mailbox.mails] == [B.address, B.address]


def test_who_was_refused_for_good_is_not_asked_again() -> None:
    with mail_server() as mailbox:
        mailbox.refusals = {A.address: "550 no such user", B.address: "452 mailbox full"}
        target, again = smtp(mailbox), attempt()
        with pytest.raises(PrivySealError):
            target.send(event(), again)
        mailbox.refusals = {B.address: "550 no such user"}
        with pytest.raises(PrivySealError) as refused:
            target.send(event(), again)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "text",
    ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\u2028Bcc: e@x\u0085y", "\r\n\r\nbody", "\0"],
)
def test_no_event_can_add_a_header_or_a_recipient(text: str) -> None:
    hostile = event(detail={"CommonName": text}, resources=[text]) | {"detail-type": text}
    with mail_server() as mailbox:
        smtp(mailbox, [A]).send(hostile, attempt())
    ((to, mail),) = mailbox.mails
    assert to == A.address
    assert mail["Bcc"] is None
    assert sorted(name.lower() for name in mail if name.lower() != "mime-version") == sorted(
        [
            "auto-submitted", "content-transfer-encoding", "content-type", "date", "from",
            "list-unsubscribe", "list-unsubscribe-post", "message-id", "subject", "to",
        ]
    )  # fmt: skip
