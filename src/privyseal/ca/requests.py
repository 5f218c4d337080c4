"""What is asked of issuing and what comes of it: values that front-ends, lanes and stores hand on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privyseal.caller import Caller
from privyseal.names import CertificateArn


@dataclass(frozen=True, slots=True)
class IssueRequest:
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
    for_responder: bool = False  # for our own OCSP responder: an authority that is switched off still answers

    def digest(self) -> bytes:
        """Tells requests of one token apart; the caller and the token itself do not count."""
        passed = (
            json.dumps(self.api_passthrough, sort_keys=True) if self.api_passthrough is not None else "null"
        )
        parts = (self.signing_algorithm, self.validity, self.not_before, self.template_arn, passed)
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


@dataclass(frozen=True, slots=True)
class Issued:
    """A stored certificate; `replayed` when an earlier request with the same token made it."""

    arn: CertificateArn
    der: bytes
    replayed: bool = False
