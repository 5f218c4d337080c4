"""What serverless-ca's functions about its authorities and its reminders come to here.

Its pipeline calls all of them on every run. Authorities are made by an administrator, so those that make
one answer with the one that is there. CRLs and reminders are jobs: their functions start them at once, and
that may be done twice.
"""

from collections.abc import Callable, Mapping
from typing import Any

from privyseal.serverless import responses
from privyseal.serverless.functions import Function
from privyseal.serverless.names import Names
from privyseal.serverless.refusals import Refused
from privyseal.serverless.responses import CaChain
from privyseal.serverless.tls_certificate import Call
from privyseal.x509.certificate import read_certificate
from privyseal.x509.pem import blocks


class AuthorityFunctions:
    """`chain` is that of `TlsCertificates`; `wake` starts a job by its name."""

    def __init__(self, names: Names, chain: Callable[[Call], CaChain], wake: Callable[[str], None]) -> None:
        self._names = names
        self._chain = chain
        self._wake = wake

    def functions(self) -> Mapping[str, Function]:
        """By rows of `names.FUNCTIONS`."""
        return {
            "create-root-ca": lambda call, _: self._authority(call, self._names.root, -1),
            "create-issuing-ca": lambda call, _: self._authority(call, self._names.issuing, 0),
            "root-ca-crl": lambda _call, _: self._wake("ca.crls"),
            "issuing-ca-crl": lambda _call, _: self._wake("ca.crls"),
            "expiry": lambda _call, _: self._wake("serverless.reminders"),
        }

    def _authority(self, call: Call, slug: str, place: int) -> dict[str, Any]:
        """The certificate at this place of the chain, under the name that serverless-ca has for it."""
        try:
            pem = self._chain(call).pems[place]
        except Refused:
            return responses.refused(f"CA {slug} not found")
        (der,) = blocks(pem.encode(), "CERTIFICATE", most=1)
        found = read_certificate(der)
        return {
            "CertificateInfo": responses.information(slug, found.serial, found.not_before, found.not_after),
            "Base64Certificate": responses.coded(pem),
        }
