"""The whole ceremony that makes an authority ready to issue, in one call.

create → its CSR → a certificate for it → import. A root signs itself; a subordinate is signed by its
parent. Runs against any `Caller`: over HTTP for `privyseal ca create`, in process for `privyseal up`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from privyseal.client.api import Caller
from privyseal.client.certificates import (
    IssuedCertificate,
    Sleep,
    patiently,
    request_certificate,
    wait_for_certificate,
)
from privyseal.client.errors import ClientError
from privyseal.clock import Clock, SystemClock
from privyseal.names import AuthorityArn, partition
from privyseal.x509 import algorithms

# What the AWS console proposes (user guide, "Installing the CA certificate").
ROOT_YEARS = 10
SUBORDINATE_YEARS = 3

# A parent that ends this close to the wished end lends its own end instead: two clocks are compared.
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AuthoritySummary:
    arn: str
    certificate_pem: str
    chain_pem: str  # from its parent to the root; "" for a root


class UnfinishedAuthorityError(ClientError):
    """The authority `arn` was created, but a later step failed: it has no certificate yet."""

    def __init__(self, arn: str, cause: ClientError) -> None:
        super().__init__(
            f"the authority {arn} was created but has no certificate yet: {cause.message}",
            f"Delete it with: aws acm-pca delete-certificate-authority --certificate-authority-arn {arn}",
        )
        self.arn = arn


def create_authority(
    caller: Caller,
    *,
    subject: Mapping[str, Any],
    key_algorithm: str = "EC_prime256v1",
    signing_algorithm: str | None = None,
    parent_arn: str | None = None,
    validity_years: int | None = None,
    path_length: int = 0,
    tags: Mapping[str, str] | None = None,
    sleep: Sleep = time.sleep,
    clock: Clock | None = None,
) -> AuthoritySummary:
    """Create an authority and give it its certificate: a root, or with `parent_arn` a subordinate.

    `subject` is an ASN1Subject (`{"CommonName": …}`). Validity is 10 years for a root and 3 for a
    subordinate, which never outlives its parent. `path_length` is a subordinate's. Raises
    UnfinishedAuthorityError when a step after the creation fails; `activate_authority` resumes it.
    """
    if parent_arn:
        _require_active(caller, parent_arn)  # before anything exists that would be left over
    signing = signing_algorithm or algorithms.default_signing_algorithm(key_algorithm)
    params: dict[str, Any] = {
        "CertificateAuthorityType": "SUBORDINATE" if parent_arn else "ROOT",
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": key_algorithm,
            "SigningAlgorithm": signing,
            "Subject": dict(subject),
        },
    }
    if tags:
        params["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    arn = str(caller.call("CreateCertificateAuthority", params)["CertificateAuthorityArn"])
    try:
        return activate_authority(
            caller,
            arn,
            parent_arn=parent_arn,
            validity_years=validity_years,
            path_length=path_length,
            sleep=sleep,
            clock=clock,
        )
    except ClientError as error:
        raise UnfinishedAuthorityError(arn, error) from error


def activate_authority(
    caller: Caller,
    arn: str,
    *,
    parent_arn: str | None = None,
    validity_years: int | None = None,
    path_length: int = 0,
    sleep: Sleep = time.sleep,
    clock: Clock | None = None,
) -> AuthoritySummary:
    """Give an authority in PENDING_CERTIFICATE its certificate: by itself, or by its parent."""
    this = {"CertificateAuthorityArn": arn}
    csr = patiently(
        caller, "GetCertificateAuthorityCsr", this, waiting_for="the authority's CSR", sleep=sleep
    )
    issuer_arn = parent_arn or arn
    issuer = caller.call("DescribeCertificateAuthority", {"CertificateAuthorityArn": issuer_arn})
    years = validity_years or (SUBORDINATE_YEARS if parent_arn else ROOT_YEARS)
    template = f"SubordinateCACertificate_PathLen{path_length}/V1" if parent_arn else "RootCACertificate/V1"
    certificate_arn = request_certificate(
        caller,
        certificate_authority_arn=issuer_arn,
        csr=str(csr["Csr"]),
        validity=_validity(years, issuer["CertificateAuthority"], (clock or SystemClock()).now()),
        signing_algorithm=_signing_algorithm(issuer["CertificateAuthority"]),
        template_arn=template_arn(template, arn),
    )
    issued = wait_for_certificate(caller, issuer_arn, certificate_arn, sleep=sleep)
    _import(caller, arn, issued)
    return AuthoritySummary(arn, issued.certificate, issued.chain)


def template_arn(name: str, authority_arn: str) -> str:
    """The ARN of a template (`EndEntityCertificate/V1`), in the partition of the authority."""
    return f"arn:{partition(AuthorityArn.parse(authority_arn).region)}:acm-pca:::template/{name}"


def _require_active(caller: Caller, parent_arn: str) -> None:
    parent = caller.call("DescribeCertificateAuthority", {"CertificateAuthorityArn": parent_arn})
    status = parent["CertificateAuthority"]["Status"]
    if status != "ACTIVE":
        raise ClientError(f"the parent {parent_arn} is {status}: only an ACTIVE authority can sign")


def _import(caller: Caller, arn: str, issued: IssuedCertificate) -> None:
    params: dict[str, Any] = {"CertificateAuthorityArn": arn, "Certificate": issued.certificate.encode()}
    if issued.chain:
        params["CertificateChain"] = issued.chain.encode()
    caller.call("ImportCertificateAuthorityCertificate", params)


def _signing_algorithm(authority: Mapping[str, Any]) -> str:
    return str(authority["CertificateAuthorityConfiguration"]["SigningAlgorithm"])


def _validity(years: int, issuer: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """As many years as wished, but never past the issuer's own end (a root at birth has none)."""
    not_after = issuer.get("NotAfter")
    if not_after is not None:
        end = datetime.fromtimestamp(float(not_after), UTC)
        if end < now + timedelta(days=365.25 * years) + _MARGIN:
            return {"Type": "ABSOLUTE", "Value": int(not_after)}
    return {"Type": "YEARS", "Value": years}
