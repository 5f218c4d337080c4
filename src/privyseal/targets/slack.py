"""Events as messages of Slack's incoming webhooks: `text` and Block Kit `blocks`.

The notices of serverless-ca look as its users know them; every other event is shown as JSON. Sources:
Slack's Block Kit reference (a header has 150 characters at most, a section's text 3,000, a field 2,000).
Texts of a certificate are shown, never read: `&`, `<` and `>` are escaped, which is all that Slack
interprets beyond style, and a backtick cannot end what is shown as code.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from privyseal.targets.notice import body, is_notice

MAX_HEADER: Final = 150
MAX_FIELD: Final = 2000
MAX_JSON: Final = 2900
MAX_CODE: Final = 2900
_Block = dict[str, Any]
_Fields = Iterator[tuple[str, str]]

# detail-type of a notice → its sign
_SIGNS: Final[Mapping[str, str]] = {
    "Certificate Issued": ":white_check_mark:",
    "Certificate Request Rejected": ":x:",
    "Certificate Revoked": ":x:",
    "Certificate Expiry Warning": ":warning:",
    "Certificate Expired": ":x:",
}


def message(event: Mapping[str, Any]) -> dict[str, Any]:
    kind = event["detail-type"]
    if is_notice(event) and kind in _SIGNS:
        title = f"{_SIGNS[kind]} {kind}"
        blocks = [_header(title), *_notice(kind, event["detail"])]
    else:
        title = kind
        text = _code(json.dumps(body(event), indent=2)[:MAX_JSON], fence="```")
        blocks = [_header(title), _section(text)]
    where = f"*Account:* {_shown(event['account'])} | *Region:* {_shown(event['region'])}"
    foot = {"type": "context", "elements": [{"type": "mrkdwn", "text": where}]}
    return {"text": title, "blocks": [*blocks, {"type": "divider"}, foot]}


def _notice(kind: str, detail: Mapping[str, Any]) -> Iterator[_Block]:
    if reason := detail.get("Reason"):
        yield _section(f"*Reason:* {_shown(reason)[:MAX_CODE]}")
    if subject := detail.get("Subject"):
        yield _section(f"*Subject:* {_code(subject)}")
    fields = [
        {"type": "mrkdwn", "text": f"*{name}:*\n{text}"[:MAX_FIELD]} for name, text in _READERS[kind](detail)
    ]
    if fields:
        yield {"type": "section", "fields": fields}
    if days := detail.get("DaysRemaining"):
        yield _section(f"*Days Remaining:* {days}")


def _of_certificate(detail: Mapping[str, Any]) -> _Fields:
    yield from _of_information(detail["CertificateInfo"], "Expires")


def _of_expired(detail: Mapping[str, Any]) -> _Fields:
    yield from _of_information(detail["CertificateInfo"], "Expired")


def _of_information(told: Mapping[str, Any], expires: str) -> _Fields:
    yield "Common Name", _shown(told["CommonName"])
    yield "Serial Number", _code(told["SerialNumber"])
    yield "Issued", _shown(told["Issued"])
    yield expires, _shown(told["Expires"])


def _of_revoked(detail: Mapping[str, Any]) -> _Fields:
    yield "Common Name", _shown(detail["CommonName"])
    yield "Serial Number", _code(detail["SerialNumber"])
    yield "Revoked", _shown(detail["Revoked"].partition(".")[0])


def _of_rejected(detail: Mapping[str, Any]) -> _Fields:
    asked = detail["CSRInfo"]
    yield "Common Name", _shown(asked["CommonName"])
    yield "Lifetime (days)", _shown(asked["Lifetime"])
    yield "Purposes", _shown(", ".join(asked["Purposes"]))
    if asked["SANs"]:
        yield "SANs", _shown(", ".join(each["value"] for each in asked["SANs"]))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], _Fields]]] = {
    "Certificate Issued": _of_certificate,
    "Certificate Request Rejected": _of_rejected,
    "Certificate Revoked": _of_revoked,
    "Certificate Expiry Warning": _of_certificate,
    "Certificate Expired": _of_expired,
}


def _header(text: str) -> _Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text[:MAX_HEADER], "emoji": True}}


def _section(text: str) -> _Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _code(text: Any, fence: str = "`") -> str:
    return f"{fence}{_shown(text)[:MAX_CODE].replace('`', chr(39))}{fence}"


def _shown(text: Any) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
