"""Every hostile CSR of `tests/x509`, through the running service: IssueCertificate and `/provision`."""

import json
from collections.abc import Callable

from tests.hostile.case import MALFORMED_CSR, VALIDATION, Case, Make, Refusal
from tests.hostile.values import issue
from tests.hostile.wire import World
from tests.x509.hostile import HOSTILE

# CsrBlob of the service model has 1 to 32,768 octets: what has not is no CSR yet.
NO_BLOB = frozenset(
    {
        "pem: nothing at all",
        "pem: 33 kB of text before it",
        "pem: 33 kB of blank lines in it",
        "pem: 10,000 BEGIN lines",
        "name: 10,000 names",
        "request: an attribute of 26 kB",
    }
)
# Devices send one in so many of them: it is the same parser.
PROVISIONED_EVERY = 5


def _issue(make: Callable[[], bytes]) -> Make:
    def request(world: World) -> bytes:
        return issue(make())(world)  # made when it is sent, not when the table is read

    return request


def _provision(make: Callable[[], bytes]) -> Make:
    def request(world: World) -> bytes:
        body = {"csr": make().decode("latin-1"), "device_id": world.device_id}
        return world.plain("POST", "/provision", json.dumps(body).encode())

    return request


CASES: list[Case] = [
    *(
        Case(
            f"csr {title.partition(':')[0]}",
            title,
            _issue(make),
            VALIDATION if title in NO_BLOB else MALFORMED_CSR,
        )
        for title, make in HOSTILE.items()
    ),
    *(
        Case("provision: a hostile CSR", title, _provision(make), Refusal(400, "malformed-csr"))
        for title, make in list(HOSTILE.items())[::PROVISIONED_EVERY]
        if title not in NO_BLOB
    ),
]
