"""AWS IoT Core in one region, or whatever answers its API at `endpoint_url`.

    RegisterCertificate → DescribeThing, else CreateThing → AttachThingPrincipal → GetPolicy, else
    CreatePolicy → AttachPolicy → DescribeCertificate until it is ACTIVE

The Thing has the device id as its name, so that is what a device id must be fit for. Each call finds
what an earlier one has left, so a registration can begin again after any of them.

RegisterCertificate wants the issuing CA registered in the region (`privyseal device register-ca`):
then AWS verifies each certificate against it, lists certificates by it, and lets devices connect
that send no server name. `without_ca` registers certificates one by one instead: nothing to prepare,
any number of accounts may have the same CA, but devices must send the server name (SNI).

A certificate that AWS IoT Core itself has issued is there already, INACTIVE, and is made ACTIVE last.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping

from privyseal.aws_iot.arns import issuing_region
from privyseal.aws_iot.authorities import forget_authority, register_authority
from privyseal.aws_iot.client import ALREADY_THERE, NOT_FOUND, IotClient, IotError
from privyseal.aws_iot.policy import device_policy
from privyseal.devices.identities import Registration
from privyseal.devices.ports import IssuingAuthority
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import pem

# ThingName in the iot service model.
_THING_NAME = re.compile(r"\A[a-zA-Z0-9:_-]{1,128}\Z")
# Between looks at a certificate that is not ACTIVE yet, in seconds: 10 in all.
_WAITS = (0.25, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0)
_BECOMES_ACTIVE = frozenset({"INACTIVE", "PENDING_ACTIVATION"})

# What withdrawing does → the status that a certificate gets first.
STATUSES: Mapping[str, str] = {"revoke": "REVOKED", "deactivate": "INACTIVE", "delete": "INACTIVE"}


class AwsIotRegistrar:
    """Implements `devices.ports.Registrar`. Safe to share between threads."""

    def __init__(
        self,
        region: str,
        *,
        policy: str,
        policy_document: str = "",
        without_ca: bool = False,
        withdrawal: str = "revoke",
        endpoint_url: str | None = None,
        profile: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Without a `policy_document` the policy, where it has to be made, is that of `aws_iot.policy`."""
        self._iot = IotClient(region, endpoint_url=endpoint_url, profile=profile)
        self._policy = policy
        self._policy_document = policy_document
        self._without_ca = without_ca
        self._withdrawal = withdrawal
        self._sleep = sleep
        self._policy_is_there = False
        self._endpoint = ""

    def register(self, registration: Registration) -> str:
        thing = registration.device_id
        if not _THING_NAME.match(thing):
            raise PrivySealError(
                ErrorCode.FAILED, f"The device id {thing!r} cannot be a Thing's name (a-z A-Z 0-9 : _ -)."
            )
        arn = self._certificate(registration)
        self._find_or_make("Thing", thingName=thing)
        self._iot.call("AttachThingPrincipal", thingName=thing, principal=arn)
        self._attach_policy(arn)
        self._wait_until_active(arn)
        return arn

    def suspend(self, registration: Registration) -> None:
        """Its policy and its Thing stay attached; `register` makes it ACTIVE again."""
        if arn := registration.reference or self._find_arn(registration):
            self._done("UpdateCertificate", certificateId=_id(arn), newStatus="INACTIVE")

    def withdraw(self, registration: Registration) -> None:
        arn = registration.reference or self._find_arn(registration)
        if not arn:
            return
        certificate_id = _id(arn)
        status = STATUSES[self._withdrawal]
        if not self._done("UpdateCertificate", certificateId=certificate_id, newStatus=status):
            return
        self._done("DetachPolicy", policyName=self._policy, target=arn)
        self._done("DetachThingPrincipal", thingName=registration.device_id, principal=arn)
        if self._withdrawal == "delete":
            self._done("DeleteCertificate", certificateId=certificate_id, forceDelete=True)

    def endpoint(self) -> str:
        """Asked once: it is the account's, and stays."""
        if not self._endpoint:
            found = self._iot.call("DescribeEndpoint", endpointType="iot:Data-ATS")
            self._endpoint = str(found["endpointAddress"])
        return self._endpoint

    def trust(self, authority: IssuingAuthority) -> str:
        if self._without_ca:
            return ""
        arn, _ = register_authority(self._iot, authority.certificate, authority.prove)
        return arn

    def distrust(self, certificate: str) -> None:
        if not self._without_ca:
            forget_authority(self._iot, certificate)

    def _certificate(self, registration: Registration) -> str:
        if issued_in := issuing_region(registration.arn):
            if issued_in != self._iot.region:
                text = f"AWS IoT Core in {issued_in} has issued it: it works in that region alone."
                raise PrivySealError(ErrorCode.FAILED, text)
            return registration.arn
        told = {"certificatePem": registration.certificate, "status": "ACTIVE"}
        try:
            if self._without_ca:
                return str(self._iot.call("RegisterCertificateWithoutCA", **told)["certificateArn"])
            # Named because a renewed CA may have the subject of the one before.
            told |= {"caCertificatePem": _first(registration.chain)} if registration.chain else {}
            return str(self._iot.call("RegisterCertificate", **told)["certificateArn"])
        except IotError as error:
            if error.name != ALREADY_THERE:
                raise
            return error.arn or self._find_arn(registration)

    def _attach_policy(self, arn: str) -> None:
        if not self._policy_is_there:
            document = self._policy_document or device_policy(arn)
            self._find_or_make("Policy", {"policyDocument": document}, policyName=self._policy)
            self._policy_is_there = True
        try:
            self._iot.call("AttachPolicy", policyName=self._policy, target=arn)
        except IotError:
            self._policy_is_there = False  # somebody may have deleted it: look again next time
            raise

    def _find_or_make(self, kind: str, more: Mapping[str, str] | None = None, **name: str) -> None:
        try:
            self._iot.call(_FINDS[kind], **name)
        except IotError as error:
            if error.name != NOT_FOUND:
                raise
            try:
                self._iot.call(f"Create{kind}", **name, **(more or {}))
            except IotError as again:
                if again.name != ALREADY_THERE:  # else somebody else was faster
                    raise

    def _wait_until_active(self, arn: str) -> None:
        status = ""
        for wait in (*_WAITS, None):
            status = self._status(arn)
            if status in _BECOMES_ACTIVE:
                self._iot.call("UpdateCertificate", certificateId=_id(arn), newStatus="ACTIVE")
                status = self._status(arn)
            if status == "ACTIVE":
                return
            if wait is None or status == "REVOKED":
                break
            self._sleep(wait)
        code = ErrorCode.FAILED if status == "REVOKED" else ErrorCode.UNAVAILABLE  # somebody's will; or time
        raise PrivySealError(code, f"{arn} is {status or 'not to be found'}, not ACTIVE, after a while.")

    def _status(self, arn: str) -> str:
        """What the registry says; "" as long as it knows nothing: what was written may be read later."""
        try:
            found = self._iot.call("DescribeCertificate", certificateId=_id(arn))
        except IotError as error:
            if error.name != NOT_FOUND:
                raise
            return ""
        return str(found["certificateDescription"]["status"])

    def _find_arn(self, registration: Registration) -> str:
        """By the id that AWS gives every certificate, the SHA-256 of its DER; "" where it is not there."""
        der = pem.single_block(registration.certificate.encode(), "CERTIFICATE")
        try:
            found = self._iot.call("DescribeCertificate", certificateId=hashlib.sha256(der).hexdigest())
        except IotError as error:
            if error.name != NOT_FOUND:
                raise
            return ""
        return str(found["certificateDescription"]["certificateArn"])

    def _done(self, operation: str, **params: object) -> bool:
        """False where there is nothing to do it to."""
        try:
            self._iot.call(operation, **params)
        except IotError as error:
            if error.name != NOT_FOUND:
                raise
            return False
        return True


_FINDS = {"Thing": "DescribeThing", "Policy": "GetPolicy"}


def _id(arn: str) -> str:
    """The last part of a certificate's ARN is its id."""
    return arn.rpartition("/")[2]


def _first(chain: str) -> str:
    """The issuer's own certificate."""
    end = "-----END CERTIFICATE-----"
    return chain[: chain.index(end) + len(end)]
