"""Clients that remember what they were told: whatever is in a `Ledger` was acknowledged, and must stay."""

import hashlib
import itertools
import json
import random
import threading
from collections import deque
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench import checking, load, requests
from privyseal.client import UnreachableError
from privyseal.client.connection import Environment

# One certificate in so many is fetched at once by who asked for it.
FETCHED_EVERY = 8


@dataclass
class Ledger:
    """Acknowledged in one round; certificates by ARN."""

    csrs: dict[str, bytes] = field(default_factory=dict)
    fetched: dict[str, str] = field(default_factory=dict)  # PEM of certificate and chain
    revoked: list[str] = field(default_factory=list)
    authorities: list[str] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)  # id → SHA-256 of its key
    refusals: list[bytes] = field(default_factory=list)


class Issuing:
    """IssueCertificate over every connection, and now and then GetCertificate for what came of it."""

    def __init__(self, environment: Environment, ledger: Ledger, csrs: deque[bytes]) -> None:
        self._environment = environment
        self._ledger = ledger
        self._csrs = csrs
        self._numbers = itertools.count()
        self._asked: dict[int, bytes] = {}  # number of a request → CSR
        self._reading: dict[int, str] = {}  # number of a request → ARN

    def following(self, last: load.Answer | None) -> tuple[int, bytes]:
        if last is None or (arn := self._note(last)) is None:
            return self._issue()
        number = next(self._numbers)
        self._reading[number] = arn
        return number, requests.get(self._environment, arn)

    def _issue(self) -> tuple[int, bytes]:
        number, csr = next(self._numbers), self._csrs.popleft()
        self._asked[number] = csr
        return number, requests.issue(self._environment, csr)

    def _note(self, answer: load.Answer) -> str | None:
        """Remember the answer; the ARN that its connection is to read next."""
        if answer.status != 200:
            self._ledger.refusals.append(answer.body)
        elif answer.request in self._reading:
            found = json.loads(answer.body)
            pem = f"{found['Certificate']}\n{found['CertificateChain']}"
            self._ledger.fetched[self._reading[answer.request]] = pem
        else:
            arn = checking.arn_in(answer)
            self._ledger.csrs[arn] = self._asked[answer.request]
            return arn if answer.request % FETCHED_EVERY == 0 else None
        return None


class Changing(threading.Thread):
    """One authority, then devices and revocations in turn, until the service does not answer."""

    def __init__(self, environment: Environment, ledger: Ledger, seed: int) -> None:
        super().__init__(daemon=True)
        self._client = environment.client()
        self._authority = environment.issuing_ca_arn
        self._ledger = ledger
        self._random = random.Random(seed)
        self._prefix = f"sensor-{seed}"

    def run(self) -> None:
        try:
            self._create_authority()
            for number in itertools.count():
                self._import_device(f"{self._prefix}-{number}")
                self._revoke()
        except UnreachableError:
            return

    def _create_authority(self) -> None:
        subject = {"CommonName": self._prefix, "Organization": "Example"}
        settings = {
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": subject,
        }
        created = self._client.call(
            "CreateCertificateAuthority",
            {
                "CertificateAuthorityType": "SUBORDINATE",
                "CertificateAuthorityConfiguration": settings,
            },
        )
        self._ledger.authorities.append(created["CertificateAuthorityArn"])

    def _import_device(self, device_id: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        row = {"device_id": device_id, "public_key": pem.decode()}
        answer = self._client.rest("POST", "/devices", {"devices": [row]})
        assert answer["imported"] == 1, answer
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self._ledger.devices[device_id] = hashlib.sha256(der).hexdigest()

    def _revoke(self) -> None:
        fresh = sorted(set(self._ledger.csrs) - set(self._ledger.revoked))
        if not fresh:
            return
        arn = self._random.choice(fresh)
        self._client.call("RevokeCertificate", revocation(self._authority, arn))
        self._ledger.revoked.append(arn)


def revocation(authority: str | None, certificate_arn: str) -> dict[str, str | None]:
    return {
        "CertificateAuthorityArn": authority,
        "CertificateSerial": certificate_arn.rpartition("/")[2],
        "RevocationReason": "SUPERSEDED",
    }
