"""Issuing over the acm-pca operations: ask for a certificate, wait for it, look at it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from privyseal.client.api import Caller
from privyseal.client.errors import ApiError, ClientError
from privyseal.x509.inspect import CertificateSummary, inspect

IN_PROGRESS = "RequestInProgressException"
TRIES = 10
FIRST_WAIT_S = 0.25  # doubled after each try: all together a little over two minutes

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    certificate: str  # PEM
    chain: str  # PEM, from the issuing authority to the root; "" for a root's own certificate


def issue_certificate(
    api: Caller,
    *,
    certificate_authority_arn: str,
    csr: str | bytes,
    validity_days: int = 365,
    signing_algorithm: str | None = None,
    template_arn: str | None = None,
    idempotency_token: str | None = None,
) -> str:
    """Ask for a certificate and return its ARN; `wait_for_certificate` fetches it.

    Without a signing algorithm it is the authority's own. The same token (at most 36 characters)
    with the same request gives the same ARN for five minutes.
    """
    return request_certificate(
        api,
        certificate_authority_arn=certificate_authority_arn,
        csr=csr,
        validity={"Type": "DAYS", "Value": validity_days},
        signing_algorithm=signing_algorithm or _signing_algorithm(api, certificate_authority_arn),
        template_arn=template_arn,
        idempotency_token=idempotency_token,
    )


def request_certificate(
    api: Caller,
    *,
    certificate_authority_arn: str,
    csr: str | bytes,
    validity: Mapping[str, Any],
    signing_algorithm: str,
    template_arn: str | None,
    idempotency_token: str | None = None,
) -> str:
    """IssueCertificate with a Validity of any type, as the service model has it."""
    params: dict[str, Any] = {
        "CertificateAuthorityArn": certificate_authority_arn,
        "Csr": csr.encode() if isinstance(csr, str) else csr,
        "SigningAlgorithm": signing_algorithm,
        "Validity": dict(validity),
    }
    if template_arn is not None:
        params["TemplateArn"] = template_arn
    if idempotency_token is not None:
        params["IdempotencyToken"] = idempotency_token
    arn = api.call("IssueCertificate", params).get("CertificateArn")
    if not isinstance(arn, str) or not arn:
        raise ClientError("no certificate ARN returned")
    return arn


def wait_for_certificate(
    api: Caller, certificate_authority_arn: str, certificate_arn: str, *, sleep: Sleep = time.sleep
) -> IssuedCertificate:
    """The certificate, as soon as it is there: ten tries, 250 ms · 2^n between them.

    Only RequestInProgressException is waited out; any other error is raised at once.
    """
    params = {"CertificateAuthorityArn": certificate_authority_arn, "CertificateArn": certificate_arn}
    reply = patiently(api, "GetCertificate", params, waiting_for="certificate", sleep=sleep)
    certificate = reply.get("Certificate")
    if not isinstance(certificate, str):
        raise ClientError("no certificate in the reply")
    return IssuedCertificate(certificate, reply.get("CertificateChain") or "")


def inspect_certificate(pem: str | bytes) -> CertificateSummary:
    """Subject, issuer, validity, names and usages of a PEM certificate."""
    return inspect(pem)


def patiently(
    api: Caller, operation: str, params: Mapping[str, Any], *, waiting_for: str, sleep: Sleep
) -> dict[str, Any]:
    """`api.call`, asked again while the service says that the request is in progress."""
    for attempt in range(TRIES):
        if attempt:
            sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        try:
            return api.call(operation, params)
        except ApiError as error:
            if error.code != IN_PROGRESS:
                raise
    raise ClientError(f"timed out waiting for {waiting_for}")


def _signing_algorithm(api: Caller, arn: str) -> str:
    authority = api.call("DescribeCertificateAuthority", {"CertificateAuthorityArn": arn})
    return str(authority["CertificateAuthority"]["CertificateAuthorityConfiguration"]["SigningAlgorithm"])
