"""Device certificates from AWS Private CA, or from whatever answers its API at `endpoint_url`.

Needs the extra `aws`. Credentials are found as every AWS tool finds them.
Asking and waiting is done by `client/certificates.py`, as for every other caller of that API.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.exceptions import ClientError as BotoClientError

from privyseal.aws_sdk import aws_client, waiting
from privyseal.caller import Caller
from privyseal.client.certificates import Sleep, request_certificate, wait_for_certificate
from privyseal.client.errors import ApiError, ClientError
from privyseal.clock import Clock
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.devices.terms import Terms
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn

# botocore repeats what was throttled or answered by a 5xx; the idempotency token makes that safe.
_CONFIG = waiting()
# How long the authority's end is believed while it is what limits the certificates.
_END_KEPT = timedelta(minutes=5)

# Exception of the acm-pca model, or common to AWS services → what it means to a device. Any other
# is a wrong set-up, about which no device can do anything.
ERRORS: Mapping[str, ErrorCode] = {
    "MalformedCSRException": ErrorCode.MALFORMED_CSR,
    "LimitExceededException": ErrorCode.THROTTLED,
    "ThrottlingException": ErrorCode.THROTTLED,
    "InternalFailure": ErrorCode.UNAVAILABLE,
    "ServiceUnavailable": ErrorCode.UNAVAILABLE,
    "ServiceUnavailableException": ErrorCode.UNAVAILABLE,
}

# Revoked already; expired, or not there.
_NOTHING_TO_REVOKE = frozenset(
    {"RequestAlreadyProcessedException", "InvalidRequestException", "ResourceNotFoundException"}
)


@dataclass(frozen=True, slots=True)
class _Authority:
    signing_algorithm: str
    not_after: datetime | None
    read_at: datetime


class AwsPcaIssuer:
    """Implements `devices.ports.Issuer`. Safe to share between threads."""

    def __init__(
        self,
        terms: Terms,
        *,
        clock: Clock,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        """Without `region` it is the one in the authority's ARN. Raises INVALID_ARGUMENT for a profile, a
        region or an address that there is not.
        """
        region = region or AuthorityArn.parse(terms.authority_arn).region
        client = aws_client(
            "acm-pca",
            f"The settings for {terms.authority_arn}",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )
        self._api = _Boto3Caller(client)
        self._terms = terms
        self._clock = clock
        self._sleep = sleep
        self._known: _Authority | None = None

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:  # noqa: ARG002 - AWS knows its callers by their credentials
        try:
            return self._issue(csr_pem, token)
        except ApiError as error:
            raise PrivySealError(ERRORS.get(error.code, ErrorCode.FAILED), str(error)) from error
        except ClientError as error:
            raise PrivySealError(ErrorCode.UNAVAILABLE, error.message) from error

    def revoke(self, arn: str, caller: Caller, reason: str) -> bool:  # noqa: ARG002 - as for `issue`
        """Implements `devices.ports.Revoker`."""
        prefix = f"{self._terms.authority_arn}/certificate/"
        if not arn.startswith(prefix):
            return False
        serial = bytes.fromhex(arn.removeprefix(prefix)).hex(":")
        try:
            self._api.call(
                "RevokeCertificate",
                {
                    "CertificateAuthorityArn": self._terms.authority_arn,
                    "CertificateSerial": serial,
                    "RevocationReason": reason,
                },
            )
        except ApiError as error:
            if error.code not in _NOTHING_TO_REVOKE:
                raise PrivySealError(ERRORS.get(error.code, ErrorCode.FAILED), str(error)) from error
        except ClientError as error:
            raise PrivySealError(ErrorCode.UNAVAILABLE, error.message) from error
        return True

    def _issue(self, csr_pem: bytes, token: str) -> IssuedDeviceCertificate:
        terms, now = self._terms, self._clock.now()
        authority = self._authority(now)
        kind, value = terms.validity(now, authority.not_after)
        arn = request_certificate(
            self._api,
            certificate_authority_arn=terms.authority_arn,
            csr=csr_pem,
            validity={"Type": kind, "Value": value},
            signing_algorithm=authority.signing_algorithm,
            template_arn=terms.template_arn,
            idempotency_token=token,
        )
        issued = wait_for_certificate(self._api, terms.authority_arn, arn, sleep=self._sleep)
        return IssuedDeviceCertificate(issued.certificate, issued.chain, arn)

    def _authority(self, now: datetime) -> _Authority:
        """Asked once; again only while its end is near, as it may have been renewed. A race asks twice."""
        known = self._known
        if known is None or (
            self._terms.is_limited(now, known.not_after) and now >= known.read_at + _END_KEPT
        ):
            params = {"CertificateAuthorityArn": self._terms.authority_arn}
            found = self._api.call("DescribeCertificateAuthority", params)["CertificateAuthority"]
            algorithm = found["CertificateAuthorityConfiguration"]["SigningAlgorithm"]
            known = self._known = _Authority(algorithm, found.get("NotAfter"), now)
        return known


class _Boto3Caller:
    """Implements `client.api.Caller`: boto3 below, the client library's errors above."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._client, xform_name(operation))(**params)
        except BotoClientError as error:
            told, meta = error.response["Error"], error.response["ResponseMetadata"]
            raise ApiError(
                told["Code"], told["Message"], meta["HTTPStatusCode"], meta.get("RequestId", "")
            ) from error
        except BotoCoreError as error:
            raise ClientError(f"AWS Private CA cannot be asked: {error}") from error
        return reply
