"""What people paste from notices, the table and the console becomes a certificate again."""

import base64
import json
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.decoding import MOST, decoded
from tests.service import COMMAND, clean_environment

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def coded(text: str, times: int = 1) -> str:
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


ONCE, TWICE = coded(PEM), coded(PEM, 2)
NOTICE = json.dumps({"CertificateInfo": {"CommonName": "a"}, "Base64Certificate": ONCE, "Subject": "CN=a"})


@pytest.mark.parametrize(
    "pasted",
    [
        PEM,
        ONCE,
        TWICE,
        coded(PEM, 3),
        f'"{ONCE}"',
        f"'{TWICE}'\n",
        f"  {ONCE}\n\n",
        "\n".join(TWICE[n : n + 76] for n in range(0, len(TWICE), 76)),
        "\r\n".join(ONCE[n : n + 20] for n in range(0, len(ONCE), 20)),
        ONCE.rstrip("="),
        NOTICE,
        json.dumps({"Type": "Notification", "Subject": "Certificate Issued", "Message": NOTICE}),
        json.dumps({"Records": [{"body": json.dumps({"Message": NOTICE})}]}),
        json.dumps({"CommonName": {"S": "a"}, "Certificate": {"B": TWICE}, "SerialNumber": {"S": "1"}}),
        json.dumps({"Items": [{"Certificate": {"B": TWICE}}], "Count": 1}),
        json.dumps(ONCE),
    ],
)
def test_whatever_is_pasted_becomes_the_pem(pasted: str) -> None:
    assert decoded(pasted) == PEM


@pytest.mark.parametrize(
    "pasted", ["", "   ", "no base64!", coded("hello"), "{}", '{"Reason": "x"}', "[[[[", "\x00"]
)
def test_what_has_no_certificate_is_refused_with_a_word_about_what_would_have(pasted: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        decoded(pasted)
    assert refusal.value.code is ErrorCode.VALIDATION
    assert "Base64Certificate" in refusal.value.message


def test_too_much_is_refused_unread() -> None:
    with pytest.raises(PrivySealError, match="more than"):
        decoded("A" * (MOST + 1))


@given(st.text(max_size=300) | st.recursive(st.text(max_size=20), st.lists, max_leaves=30).map(json.dumps))
def test_nothing_that_is_pasted_breaks_it(pasted: str) -> None:
    with suppress(PrivySealError):
        assert decoded(pasted).startswith("-----BEGIN ")


def test_deep_json_is_refused() -> None:
    with pytest.raises(PrivySealError):
        decoded("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("arguments", [[TWICE], ["-"], []])
def test_the_command_takes_an_argument_or_its_standard_input(arguments: list[str]) -> None:
    ran = subprocess.run(
        [*COMMAND, "serverless", "decode", *arguments],
        env=clean_environment(),
        input=TWICE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, PEM, "")
