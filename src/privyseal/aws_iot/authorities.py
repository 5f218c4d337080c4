"""An authority's certificate becomes known to AWS IoT Core in one region.

    DescribeCACertificate → (GetRegistrationCode → a certificate of that authority whose common name
    is the code → RegisterCACertificate), or UpdateCACertificate where it is there and INACTIVE

The certificate for the code proves that whoever registers the authority can sign with its key. Devices
are not registered by AWS when they first connect (no automatic registration): we do that before.
"""

import hashlib
from collections.abc import Callable

from privyseal.aws_iot.client import ALREADY_THERE, NOT_FOUND, IotClient, IotError
from privyseal.errors import ErrorCode
from privyseal.x509 import pem
from privyseal.x509.refusal import reported

# A registration code → a PEM certificate of the authority with that common name.
Prove = Callable[[str], str]


def register_authority(iot: IotClient, certificate: str, prove: Prove) -> tuple[str, bool]:
    """(its ARN there, whether it was registered now). `certificate` is PEM; calling again changes nothing.

    Raises PrivySealError.
    """
    certificate_id = _id(certificate)
    found = _find(iot, certificate_id)
    if found is not None:
        arn, status = found
        if status != "ACTIVE":
            iot.call("UpdateCACertificate", certificateId=certificate_id, newStatus="ACTIVE")
        return arn, False
    code = iot.call("GetRegistrationCode")["registrationCode"]
    try:
        reply = iot.call(
            "RegisterCACertificate",
            caCertificate=certificate,
            verificationCertificate=prove(code),
            setAsActive=True,
            allowAutoRegistration=False,
        )
    except IotError as error:
        if error.name != ALREADY_THERE:
            raise
        return error.arn, False  # somebody else was faster
    return str(reply["certificateArn"]), True


def forget_authority(iot: IotClient, certificate: str) -> None:
    """UpdateCACertificate to INACTIVE, without which AWS deletes none → DeleteCACertificate. What is not
    there is no error. Raises PrivySealError.
    """
    certificate_id = _id(certificate)
    try:
        iot.call("UpdateCACertificate", certificateId=certificate_id, newStatus="INACTIVE")
        iot.call("DeleteCACertificate", certificateId=certificate_id)
    except IotError as error:
        if error.name != NOT_FOUND:
            raise


def _id(certificate: str) -> str:
    """As AWS makes it."""
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The certificate of the authority"):
        der = pem.single_block(certificate.encode(), "CERTIFICATE")
    return hashlib.sha256(der).hexdigest()


def _find(iot: IotClient, certificate_id: str) -> tuple[str, str] | None:
    try:
        found = iot.call("DescribeCACertificate", certificateId=certificate_id)["certificateDescription"]
    except IotError as error:
        if error.name != NOT_FOUND:
            raise
        return None
    return str(found["certificateArn"]), str(found["status"])
