"""What is asked of issuing and what comes of it: values that front-ends, lanes and stores hand on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privyseal.ca.model import Certificate
from privyseal.caller import Caller
from privyseal.names import CertificateArn
from privyseal.store import Tx
from privyseal.value import Value
from privyseal.x509.profiles import Profile

# Runs in the transaction that stores a certificate, which is new: not for one that a token already has.
Alongside = Callable[[Tx, Certificate], None]


class IssueRequest(Value, frozen=True):
    """What IssueCertificate is asked: times as (type, value) pairs, still to be interpreted.

    `api_passthrough` has the member names of the service model.
    """

    caller: Caller
    authority_arn: str
    csr: bytes
    signing_algorithm: str
    validity: tuple[str, int]
    not_before: tuple[str, int] | None = None
    template_arn: str | None = None
    api_passthrough: Mapping[str, Any] | None = None
    token: str | None = None
    serial: int | None = None  # promised earlier, see deferred.py
    profile: Profile | None = None  # one of our own, instead of an AWS template
    alongside: Alongside | None = None  # what else the commit of the certificate writes; it never refuses
    for_responder: bool = False  # for our own OCSP responder: an authority that is switched off still answers

    def digest(self) -> bytes:
        """Tells requests of one token apart; the caller and the token itself do not count."""
        passed = (
            json.dumps(self.api_passthrough, sort_keys=True) if self.api_passthrough is not None else "null"
        )
        template = self.profile.name if self.profile else self.template_arn
        parts = (self.signing_algorithm, self.validity, self.not_before, template, passed)
        return hashlib.sha256(hashlib.sha256(self.csr).digest() + repr(parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A certificate that has been promised: `request` carries its serial. `failure` is for good."""

    authority_id: str
    serial: int
    request: IssueRequest
    requested_at: datetime
    due_at: datetime
    failure: str | None


class Issued(Value, frozen=True):
    """A stored certificate; `replayed` when an earlier request with the same token made it."""

    arn: CertificateArn
    der: bytes
    replayed: bool = False
