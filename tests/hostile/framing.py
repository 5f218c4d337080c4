"""What no HTTP client sends: the edges of RFC 9112, where two readers may read two things."""

from collections.abc import Callable

from tests.hostile.case import (
    BAD_HTTP,
    HEAD_TOO_LARGE,
    NOTHING_HERE,
    SERIALIZATION,
    TOO_LARGE,
    UNKNOWN_OPERATION,
    WRONG_METHOD,
    Case,
    Make,
    Refusal,
    rows,
)
from tests.hostile.wire import JSON_TYPE, World

LIMIT = 3 * 1024 * 1024  # bytes of a body


def _raw(text: str) -> Make:
    """These lines, `HOST` filled in."""
    return lambda world: text.replace("HOST", world.host).replace("\n", "\r\n").encode("latin-1")


def _post(lines: str, body: str = "") -> Make:
    return _raw(f"POST / HTTP/1.1\nHost: HOST\n{lines}\n\n") if not body else _with_body(lines, body)


def _with_body(lines: str, body: str) -> Make:
    head = _raw(f"POST / HTTP/1.1\nHost: HOST\n{lines}\n\n")
    return lambda world: head(world) + body.encode("latin-1")


def _describe(**changes: object) -> Callable[[World], bytes]:
    return lambda world: world.json(
        "DescribeCertificateAuthority",
        {"CertificateAuthorityArn": world.issuer},
        **changes,
    )


CHUNKED = "Transfer-Encoding: chunked"

CASES: list[Case] = [
    *rows(
        "http: two lengths",
        BAD_HTTP,
        ("length and chunks", _post(f"Content-Length: 5\n{CHUNKED}", "0\r\n\r\n")),
        ("chunks and length", _post(f"{CHUNKED}\nContent-Length: 5", "0\r\n\r\n")),
        ("two that differ", _post("Content-Length: 2\nContent-Length: 3", "{} ")),
        ("two in one", _post("Content-Length: 2, 2", "{}")),
        ("chunked twice", _post(f"{CHUNKED}, chunked", "0\r\n\r\n")),
        ("chunked, then identity", _post(f"{CHUNKED}, identity", "0\r\n\r\n")),
    ),
    *rows(
        "http: a length that is none",
        BAD_HTTP,
        ("negative", _post("Content-Length: -1", "{}")),
        ("with a sign", _post("Content-Length: +2", "{}")),
        ("hexadecimal", _post("Content-Length: 0x2", "{}")),
        ("with a space inside", _post("Content-Length: 2 2", "{}")),
        ("2^64", _post("Content-Length: 18446744073709551616", "{}")),
        ("a word", _post("Content-Length: two", "{}")),
        ("empty", _post("Content-Length:", "{}")),
    ),
    *rows(
        "http: chunks that are none",
        BAD_HTTP,
        ("a size that is a word", _post(CHUNKED, "x\r\n{}\r\n0\r\n\r\n")),
        ("a negative size", _post(CHUNKED, "-1\r\n{}\r\n0\r\n\r\n")),
        ("a size of 2^68", _post(CHUNKED, "1" + "0" * 17 + "\r\n{}")),
        ("a size with 0x", _post(CHUNKED, "0x2\r\n{}\r\n0\r\n\r\n")),
        ("too short for its data", _post(CHUNKED, "1\r\n{}\r\n0\r\n\r\n")),
        ("without its line end", _post(CHUNKED, "2\r\n{}0\r\n\r\n")),
    ),
    *rows(
        "http: a request line that is none",
        BAD_HTTP,
        ("an unknown method", _raw("BREW / HTTP/1.1\nHost: HOST\n\n")),
        ("a method in lower case", _raw("get / HTTP/1.1\nHost: HOST\n\n")),
        ("no version", _raw("GET /\nHost: HOST\n\n")),
        ("HTTP/0.9", _raw("GET / HTTP/0.9\nHost: HOST\n\n")),
        ("HTTP/1.2", _raw("GET / HTTP/1.2\nHost: HOST\n\n")),
        ("HTTP/2.0", _raw("GET / HTTP/2.0\nHost: HOST\n\n")),
        ("the preface of HTTP/2", _raw("PRI * HTTP/2.0\n\nSM\n\n")),
        ("another protocol", _raw("GET / ICE/1.0\nHost: HOST\n\n")),
        ("a space in the target", _raw("GET /a b HTTP/1.1\nHost: HOST\n\n")),
        ("a NUL in the target", _raw("GET /\x00 HTTP/1.1\nHost: HOST\n\n")),
        ("no target", _raw("GET HTTP/1.1\nHost: HOST\n\n")),
        ("a ClientHello", lambda _: bytes.fromhex("16030100e1010000dd0303") + bytes(64)),
        ("random bytes", lambda _: bytes(range(128, 256)) * 4),
    ),
    *rows(
        "http: a header that is none",
        BAD_HTTP,
        ("no colon", _raw("GET / HTTP/1.1\nHost: HOST\nHeader\n\n")),
        ("a space before the colon", _raw("GET / HTTP/1.1\nHost: HOST\nHeader : x\n\n")),
        ("an empty name", _raw("GET / HTTP/1.1\nHost: HOST\n: x\n\n")),
        ("a space in its name", _raw("GET / HTTP/1.1\nHost: HOST\nHea der: x\n\n")),
        ("a NUL in its value", _raw("GET / HTTP/1.1\nHost: HOST\nHeader: a\x00b\n\n")),
        ("a carriage return in its value", _raw("GET / HTTP/1.1\nHost: HOST\nHeader: a\rb\n\n")),
        ("folded over two lines", _raw("GET / HTTP/1.1\nHost: HOST\nHeader: a\n b\n\n")),
        ("letters beyond ASCII in its name", _raw("GET / HTTP/1.1\nHost: HOST\nHe\xe4der: x\n\n")),
    ),
    *rows(
        "http: a host too few or too many",
        BAD_HTTP,
        ("none", _raw("GET /healthz HTTP/1.1\n\n")),
        ("two", _raw("GET /healthz HTTP/1.1\nHost: HOST\nHost: HOST\n\n")),
    ),
    *rows(
        "http: a head without end",
        BAD_HTTP,
        ("101 headers", _raw("GET / HTTP/1.1\nHost: HOST\n" + "a: b\n" * 101 + "\n")),
        ("10,000 headers", _raw("GET / HTTP/1.1\nHost: HOST\n" + "a: b\n" * 10_000 + "\n")),
        ("a header of 70 kB", _raw(f"GET / HTTP/1.1\nHost: HOST\na: {'b' * 70_000}\n\n")),
        ("a target of 70 kB", _raw(f"GET /{'a' * 70_000} HTTP/1.1\nHost: HOST\n\n")),
        ("1 MB of a header", _raw(f"GET / HTTP/1.1\nHost: HOST\na: {'b' * 2**20}"), HEAD_TOO_LARGE),
        ("a header after the body", _post(CHUNKED, "0\r\nX-Amz-Target: ACMPrivateCA.ListTags\r\n\r\n")),
    ),
    *rows(
        "http: a body over the limit",
        TOO_LARGE,
        ("by a byte", _describe(sent_body=b" " * (LIMIT + 1))),
        ("by 1 MB", _describe(sent_body=b"{" * (LIMIT + 2**20))),
        (
            "in chunks",
            _describe(
                drop=("Content-Length",),
                add=(CHUNKED,),
                sent_body=b"100000\r\n"
                + b" " * 2**20
                + b"\r\n"
                + (b"300000\r\n" + b" " * 3 * 2**20 + b"\r\n0\r\n\r\n"),
            ),
        ),
    ),
    *rows(
        "http: an encoded body",
        UNKNOWN_OPERATION,
        *(
            (name, _describe(headers={"Content-Encoding": name}))
            for name in ("gzip", "deflate", "br", "zstd", "identity", "aws-chunked", "gzip, gzip")
        ),
    ),
    *rows(
        "http: another content type",
        UNKNOWN_OPERATION,
        *(
            (repr(name), _describe(headers={"Content-Type": name}))
            for name in (
                "",
                "text/plain",
                "application/json",
                "application/x-amz-json-1.0",
                "application/cbor",
                "multipart/form-data; boundary=x",
                "application/x-amz-json-1.1, text/plain",
                "application / x-amz-json-1.1",
            )
        ),
    ),
    *rows(
        "http: another method",
        WRONG_METHOD,
        *(
            (name, _describe(sent_method=name))
            for name in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
        ),
        ("HEAD", _describe(sent_method="HEAD", drop=("Content-Length",), sent_body=b""), Refusal(405)),
    ),
    *rows(
        "http: no target",
        UNKNOWN_OPERATION,
        ("no header", _describe(drop=("X-Amz-Target",))),
        *(
            (
                repr(name),
                lambda world, name=name: world.request(
                    "POST", "/", {"Content-Type": JSON_TYPE, "X-Amz-Target": name}, b"{}"
                ),
            )
            for name in (
                "",
                "ACMPrivateCA",
                "ACMPrivateCA.",
                ".ListTags",
                "ACMPrivateCA.MakeCertificate",
                "ACMPrivateCA.listTags",
                "ACMPrivateCA..ListTags",
                "ACMPrivateCA.__class__",
                "ACMPrivateCA." + "L" * 200,
                "ACMPrivateCA.ListTags\t",
            )
        ),
    ),
    *rows(
        "http: another form of the target",
        NOTHING_HERE,
        ("a star", _raw("OPTIONS * HTTP/1.1\nHost: HOST\n\n")),
        ("another host's URL", _raw("GET http://example.com/ HTTP/1.1\nHost: HOST\n\n")),
        ("CONNECT", _raw("CONNECT example.com:443 HTTP/1.1\nHost: HOST\n\n"), BAD_HTTP),
    ),
    *rows(
        "http: chunks around a body that is none",
        SERIALIZATION,
        (
            "of one byte each",
            lambda w: w.json(
                "ListTags",
                b"[[[",
                drop=("Content-Length",),
                add=(CHUNKED,),
                sent_body=b"1\r\n[\r\n" * 3 + b"0\r\n\r\n",
            ),
        ),
        (
            "with an extension",
            lambda w: w.json(
                "ListTags",
                b"[",
                drop=("Content-Length",),
                add=(CHUNKED,),
                sent_body=b"1;a=b\r\n[\r\n0\r\n\r\n",
            ),
        ),
    ),
]
