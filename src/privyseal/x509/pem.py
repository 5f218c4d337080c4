"""PEM (RFC 7468): the strict form, plus the explanatory text that tools write before BEGIN."""

import base64
import binascii

from privyseal.x509.refusal import RefusalError

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_BLANKS = b" \t\r\n"
_LINE = 64  # RFC 7468 §2: generators wrap at exactly 64


def to_pem(der: bytes, label: str = "CERTIFICATE") -> str:
    """PEM without a final newline, as AWS returns it."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"))


def single_block(data: bytes, label: str) -> bytes:
    """The content of the one block in `data`, which has that label."""
    found = blocks(data, label, most=1)
    if not found:
        raise RefusalError(f"there is no line -----BEGIN {label}-----")
    return found[0]


def after_block(data: bytes, label: str) -> bytes:
    """What follows the first block where that has this label; all of `data` where it has another."""
    begin = data.find(_BEGIN)
    if begin < 0 or not data.startswith(_BEGIN + label.encode() + _DASHES, begin):
        return data
    _, stop = _block(data, begin, label)
    if data[stop : stop + 1] not in {b"\r", b"\n"}:
        raise RefusalError(f"something follows -----END {label}----- on its line")
    return data[stop:]


def blocks(data: bytes, label: str, most: int) -> list[bytes]:
    """The contents of all blocks, at most `most`, each of which has that label.

    Text may stand before a BEGIN line, nothing but white space after the last END line. Lines may
    have any length and any line end; headers (RFC 1421) are refused.
    """
    found: list[bytes] = []
    position = 0
    while (begin := data.find(_BEGIN, position)) >= 0:
        if len(found) == most:
            raise RefusalError(f"there are more PEM blocks than {most}")
        content, position = _block(data, begin, label)
        found.append(content)
    if found and data[position:].strip(_BLANKS):
        raise RefusalError("something follows the last END line")
    return found


def _block(data: bytes, begin: int, label: str) -> tuple[bytes, int]:
    """(content, where the block ends) of the block whose BEGIN line starts at `begin`."""
    first = _BEGIN + label.encode() + _DASHES
    last = _END + label.encode() + _DASHES
    start = begin + len(first)
    if begin and data[begin - 1] not in b"\r\n":
        raise RefusalError("a BEGIN line does not start at the start of a line")
    if data[begin:start] != first or data[start : start + 1] not in {b"\r", b"\n", b" ", b"\t"}:
        raise RefusalError(f"a BEGIN line is not exactly -----BEGIN {label}-----")
    stop = data.find(_DASHES, start)
    if stop < 0 or data[stop : stop + len(last)] != last:
        raise RefusalError(f"the block does not end with -----END {label}-----")
    if data[stop - 1] not in b"\r\n":
        raise RefusalError("the END line does not start at the start of a line")
    return _decode(data[start:stop]), stop + len(last)


def _decode(text: bytes) -> bytes:
    compact = text.translate(None, _BLANKS)
    try:
        content = binascii.a2b_base64(compact, strict_mode=True)
    except binascii.Error as error:
        raise RefusalError("the lines between BEGIN and END are not base64") from error
    # Of what the strict mode takes, only the last four characters can be written in several ways.
    last = content[(len(content) - 1) // 3 * 3 :]
    if not content or not compact.endswith(binascii.b2a_base64(last, newline=False)):
        raise RefusalError("the lines between BEGIN and END are not canonical base64")
    return content
