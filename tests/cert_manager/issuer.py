"""What cert-manager's aws-privateca-issuer does with a CertificateRequest, request by request.

Facts: the source of cert-manager/aws-privateca-issuer (pkg/aws/pca.go) and of the AWS SDK for Go v2,
whose older releases speak AWS JSON 1.1 and whose newer ones rpc-v2-cbor.
"""

import hashlib
import re
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from tests.acm_pca_errors.wire import Wire, encode
from tests.aws_calls import Answer, Members

TEMPLATE = "BlankEndEntityCertificate_APICSRPassthrough/V1"
TOKEN_LENGTH = 36  # hex digits: as many as an idempotency token may have
_PATIENCE = 10.0  # seconds; the controller looks again and again for a day
_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True)
class CertificateRequest:
    """The part of the Kubernetes object that the issuer looks at."""

    namespace: str
    name: str
    csr: bytes
    duration: timedelta

    @property
    def token(self) -> str:
        """The same for each reconciliation of one object, and so the same certificate."""
        return hashlib.sha256(f"{self.namespace}/{self.name}".encode()).hexdigest()[:TOKEN_LENGTH]


@dataclass(frozen=True)
class Vended:
    """tls.crt (the leaf, then what stands between it and the root) and ca.crt."""

    certificate: str
    ca: str


class PcaIssuer:
    def __init__(self, wire: Wire, protocol: str, arn: str) -> None:
        self._wire = wire
        self._protocol = protocol
        self._arn = arn
        self.sent: list[str] = []  # the operations, in order

    def signing_algorithm(self) -> str:
        """Read once for an issuer, and used in every IssueCertificate."""
        found = self._call("DescribeCertificateAuthority", {"CertificateAuthorityArn": self._arn})
        configuration = found.members["CertificateAuthority"]["CertificateAuthorityConfiguration"]
        return str(configuration["SigningAlgorithm"])

    def sign(self, request: CertificateRequest, algorithm: str, now: float) -> str:
        """The ARN, which the controller keeps as an annotation. `now` in epoch seconds."""
        partition = self._arn.split(":")[1]
        answer = self._call(
            "IssueCertificate",
            {
                "CertificateAuthorityArn": self._arn,
                "Csr": request.csr,
                "IdempotencyToken": request.token,
                "SigningAlgorithm": algorithm,
                "TemplateArn": f"arn:{partition}:acm-pca:::template/{TEMPLATE}",
                "Validity": {
                    "Type": "ABSOLUTE",
                    "Value": int(now) + int(request.duration.total_seconds()),
                },
            },
        )
        assert answer.status == 200, answer
        return str(answer.members["CertificateArn"])

    def get(self, certificate_arn: str) -> Vended:
        """Waits as long as the certificate is RequestInProgressException."""
        asked = {"CertificateAuthorityArn": self._arn, "CertificateArn": certificate_arn}
        until = time.monotonic() + _PATIENCE
        while (answer := self._call("GetCertificate", asked)).error == "RequestInProgressException":
            assert time.monotonic() < until, answer
            time.sleep(0.1)
        assert answer.status == 200, answer
        *between, root = _PEM.findall(answer.members["CertificateChain"])
        return Vended(f"{answer.members['Certificate']}\n{''.join(between)}", root)

    def _call(self, operation: str, members: Members) -> Answer:
        body = encode(members, self._protocol)
        self.sent.append(operation)
        return self._wire.send_body(
            operation,
            body,
            self._protocol,
            signed={"Amz-Sdk-Invocation-Id": str(uuid.uuid4()), "Content-Length": str(len(body))},
            unsigned={
                "Accept-Encoding": "gzip",
                "Amz-Sdk-Request": "attempt=1; max=3",
                "User-Agent": "aws-sdk-go-v2/1.50.0 os/linux lang/go#1.26 md/GOOS#linux api/acmpca#1.57.0",
            },
        )
