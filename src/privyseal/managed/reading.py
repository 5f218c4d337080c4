"""DescribeCertificate and GetCertificate."""

from privyseal.ca.certification import CertificatePem
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Status
from privyseal.store import Store
from privyseal.x509.pem import to_pem


class ManagedReading:
    def __init__(self, store: Store, rows: ManagedRows) -> None:
        self._store = store
        self._rows = rows

    def find(self, caller: Caller, arn: str) -> ManagedCertificate:
        return self._store.view(lambda tx: find_certificate(tx, self._rows.certificates, caller, arn))

    def pem(self, caller: Caller, arn: str) -> CertificatePem:
        """Raises IN_PROGRESS for what is not issued yet, VALIDATION for what never was."""
        certificate = self.find(caller, arn)
        if certificate.material is not None:
            return CertificatePem(to_pem(certificate.material.der), certificate.material.chain)
        if certificate.status is Status.PENDING_VALIDATION:
            text = f"The certificate {arn} is being issued. Try again soon."
            raise PrivySealError(ErrorCode.IN_PROGRESS, text)
        text = f"The certificate {arn} is {certificate.status.value}: it was never issued."
        raise PrivySealError(ErrorCode.VALIDATION, text)
