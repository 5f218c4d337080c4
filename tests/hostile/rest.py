"""Our own API and the provisioning of devices: paths, queries, bodies, ids and signatures."""

import json
from typing import Any

from tests.hostile.case import NOTHING_HERE, Case, Make, Refusal, each, rows
from tests.hostile.wire import World

FORBIDDEN = Refusal(403, "access-denied")
UNKNOWN = Refusal(404, "not-found")
MALFORMED = Refusal(400, "malformed-request")
INVALID = Refusal(400, "validation")
NO_METHOD = Refusal(405, "method-not-allowed")
BAD_SIGNATURE = Refusal(403, "bad-signature")

# Bodies that are no JSON, or that two readers may read in two ways.
NO_JSON: tuple[bytes, ...] = (
    b"",
    b"{",
    b"{}x",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"\xff",
    b"\xef\xbb\xbf{}",
    b"NaN",
    b'{"csr": NaN, "device_id": "x"}',
    b'{"csr": "\\ud800", "device_id": "x"}',
    b'{"csr": "x", "csr": "y", "device_id": "x"}',
    b'{"csr": "x", "\\u0063sr": "y", "device_id": "x"}',
)
# JSON of another shape.
NO_REQUEST: tuple[bytes, ...] = (
    b"[]",
    b"1",
    b"null",
    b'"x"',
    b"{}",
    b'{"csr": "x"}',
    b'{"device_id": "x"}',
    b'{"csr": 1, "device_id": "x"}',
    b'{"csr": "x", "device_id": 1}',
    b'{"csr": ["x"], "device_id": "x"}',
    b'{"csr": "x", "device_id": "x", "more": 1}',
    b'{"CSR": "x", "device_id": "x"}',
)
_LETTERS = {"a slash": "a/b", "dots": "..", "a NUL": "a\x00", "a line end": "a\n", "an override": "a\u202eb"}


def _provision(body: Any, **changes: Any) -> Make:
    def make(world: World) -> bytes:
        if not isinstance(body, dict):
            return world.plain("POST", "/provision", body, **changes)
        known = {
            "CSR": world.device_csr,
            "FOREIGN": world.foreign_csr,
            "WRONG": world.wrong_name_csr,
            "ID": world.device_id,
        }
        filled = {name: known.get(value, value) for name, value in body.items()}
        return world.plain("POST", "/provision", json.dumps(filled).encode(), **changes)

    return make


def _plain(method: str, target: str) -> Make:
    return lambda world: world.plain(method, target)


def _get(path: str, **changes: Any) -> Make:
    return lambda world: world.rest("GET", path, **changes)


def _post(body: bytes) -> Make:
    return lambda world: world.rest("POST", "/api/v1/devices", body)


def _listing(query: str) -> Make:
    return lambda world: world.rest(
        "GET",
        f"/api/v1/certificates?{query}".replace(
            "ISSUER", world.issuer.replace(":", "%3A").replace("/", "%2F")
        ),
    )


CASES: list[Case] = [
    *each("provision: no JSON", MALFORMED, lambda w, body: w.plain("POST", "/provision", body), NO_JSON),
    *each(
        "provision: another shape", INVALID, lambda w, body: w.plain("POST", "/provision", body), NO_REQUEST
    ),
    *rows(
        "provision: another content type",
        Refusal(415, "unsupported-media"),
        ("none", _provision(b"{}", content_type=None)),
        ("a form", _provision(b"csr=x", content_type="application/x-www-form-urlencoded")),
        ("text", _provision(b"{}", content_type="text/plain")),
    ),
    *rows(
        "provision: another method",
        NO_METHOD,
        *((name, _plain(name, "/provision")) for name in ("GET", "PUT", "DELETE")),
    ),
    *rows(
        "provision: too large",
        Refusal(413, "too-large"),
        ("by a byte", _provision(b" " * (64 * 1024 + 1))),
        ("by 3 MB", _provision(b" " * (3 * 1024 * 1024 + 1))),
    ),
    *rows(
        "provision: an id of nobody",
        UNKNOWN,
        ("not registered", _provision({"csr": "CSR", "device_id": "sensor-0000"})),
        ("in upper case", _provision({"csr": "CSR", "device_id": "SENSOR-HOSTILE"})),
        ("with a space", _provision({"csr": "CSR", "device_id": "sensor-hostile "})),
        ("empty", _provision({"csr": "CSR", "device_id": ""})),
        ("of 100,000 letters", _provision({"csr": "CSR", "device_id": "x" * 50_000})),
        ("SQL", _provision({"csr": "CSR", "device_id": "' OR 1=1 --"})),
        ("a wildcard", _provision({"csr": "CSR", "device_id": "%"})),
        *((name, _provision({"csr": "CSR", "device_id": text})) for name, text in _LETTERS.items()),
    ),
    *rows(
        "provision: no proof",
        FORBIDDEN,
        ("another key", _provision({"csr": "FOREIGN", "device_id": "ID"})),
        ("another name", _provision({"csr": "WRONG", "device_id": "ID"})),
    ),
    *rows(
        "path: nothing there",
        NOTHING_HERE,
        *(
            (path, _plain("GET", path))
            for path in (
                "/favicon.ico",
                "/admin",
                "/healthz/",
                "/healthz//",
                "/HEALTHZ",
                "/healthz;x=1",
                "/healthz%2f",
                "/%68ealthz",
                "//healthz",
                "/./healthz",
                "/x/../healthz",
                "/%2e%2e/etc/passwd",
                "/..%5c..%5cetc",
                "/provision/",
                "/Provision",
                "/provision;x",
                "/%70rovision",
                "//provision",
                "/provision%00",
                "/api/v1",
                "/API/v1/devices",
                "/api//v1/devices",
                "/api/v2/devices",
                "/api/v1%2fdevices",
                "/service%2FACMPrivateCA",
            )
        ),
    ),
    *rows(
        "api: no credentials",
        Refusal(403, "missing-credentials"),
        ("none", _plain("GET", "/api/v1/devices")),
        ("none for nothing", _plain("GET", "/api/v1/nothing")),
        ("none for a method", _plain("DELETE", "/api/v1/devices")),
    ),
    *rows(
        "api: another signature",
        BAD_SIGNATURE,
        ("for acm-pca", _get("/api/v1/devices", service="acm-pca")),
        ("another secret", _get("/api/v1/devices", secret="x" * 40)),
        ("another region", _get("/api/v1/devices", region="eu-west-1")),
        ("another method", _get("/api/v1/devices", sent_method="POST")),
        ("another path", _get("/api/v1/devices", sent_target="/api/v1/certificates")),
        ("another query", _get("/api/v1/devices?limit=1", sent_target="/api/v1/devices?limit=2")),
        ("an empty segment", _get("/api/v1/devices", sent_target="/api/v1//devices")),
        ("a dot segment", _get("/api/v1/devices", sent_target="/api/v1/./devices")),
        ("a path outside", _get("/api/v1/devices", sent_target="/api/v1/x/../devices")),
    ),
    *rows(
        "api: nothing there",
        UNKNOWN,
        *(
            (path, _get(path))
            for path in (
                "/api/v1/nothing",
                "/api/v1/devices/",
                "/api/v1/Devices",
                "/api/v1/devices/x/y",
                "/api/v1/devices;x",
                "/api/v1/devices/%2e%2e",
                "/api/v1/devices/..%2fcertificates",
                "/api/v1/devices/%00",
                "/api/v1/devices/%0a",
                "/api/v1/devices/%ff",
                "/api/v1/devices/%c0%af",
                "/api/v1/devices/%zz",
                "/api/v1/devices/%5c",
                "/api/v1/devices/nobody",
                "/api/v1/devices/%25",
                "/api/v1/devices%3flimit=1",
            )
        ),
    ),
    *rows(
        "api: a query that is none",
        INVALID,
        *(
            (query, _get(f"/api/v1/devices?{query}"))
            for query in (
                "limit=0",
                "limit=-1",
                "limit=1001",
                "limit=x",
                "limit=1e2",
                "limit=%C2%B2",
                "limit=",
                "x=1",
                "%00=1",
            )
        ),
        ("limit twice", _get("/api/v1/devices?limit=1&limit=2"), MALFORMED),
        ("broken", _get("/api/v1/devices?limit=%zz"), MALFORMED),
        ("no UTF-8", _get("/api/v1/devices?after=%ff"), MALFORMED),
        ("no authority", _listing("limit=1")),
    ),
    *rows(
        "api: a token that nobody gave",
        Refusal(400, "invalid-page-token"),
        *(
            (f"{token!r}", _get(f"/api/v1/devices?after={token}"))
            for token in ("x", "", "W10", "WzFd", "e30")
        ),
        ("for certificates", _listing("authority=ISSUER&after=WyIyMDI2IiwieCJd")),
    ),
    *rows(
        "api: an authority that is none",
        Refusal(400, "invalid-arn"),
        ("garbage", _listing("authority=x")),
        ("nothing", _listing("authority=")),
        ("a NUL", _listing("authority=%00")),
    ),
    *rows(
        "api: another method",
        NO_METHOD,
        *(
            (name, lambda w, name=name: w.rest(name, "/api/v1/devices"))
            for name in ("PUT", "PATCH", "DELETE", "OPTIONS")
        ),
    ),
    *each("api: no JSON", MALFORMED, lambda w, body: w.rest("POST", "/api/v1/devices", body), NO_JSON),
    *rows(
        "api: another shape",
        INVALID,
        *(
            (repr(body), _post(body))
            for body in (
                b"[]",
                b"{}",
                b'{"devices": 1}',
                b'{"devices": [1]}',
                b'{"devices": [{}]}',
                b'{"devices": [{"device_id": "x"}]}',
                b'{"devices": [], "x": 1}',
                b'{"devices": [{"device_id": 1, "public_key": "x"}]}',
            )
        ),
        (
            "1,001 devices",
            _post(json.dumps({"devices": [{"device_id": "x", "public_key": "y"}] * 1001}).encode()),
            Refusal(400, "limit-exceeded"),
        ),
    ),
]
