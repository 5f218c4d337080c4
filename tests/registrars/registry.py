"""What is registered at AWS IoT Core, as boto3 tells it."""

import hashlib
from dataclasses import dataclass
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import serialization


@dataclass(frozen=True)
class Registered:
    """One region: (status, DER) of each certificate, things and policies with the certificates they have."""

    certificates: tuple[tuple[str, bytes], ...]
    things: dict[str, list[str]]  # ARNs
    policies: dict[str, list[str]]


class Registry:
    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, region: str) -> Any:
        return boto3.client(
            "iot",
            region_name=region,
            endpoint_url=self._url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def of(self, region: str) -> Registered:
        iot = self.client(region)
        found = [
            iot.describe_certificate(certificateId=each["certificateId"])["certificateDescription"]
            for each in iot.list_certificates()["certificates"]
        ]
        things = [each["thingName"] for each in iot.list_things()["things"]]
        policies = [each["policyName"] for each in iot.list_policies()["policies"]]
        return Registered(
            tuple((each["status"], der(each["certificatePem"])) for each in found),
            {name: iot.list_thing_principals(thingName=name)["principals"] for name in things},
            {name: iot.list_targets_for_policy(policyName=name)["targets"] for name in policies},
        )

    def authority(self, region: str, pem: str) -> dict[str, Any]:
        """Its description; raises where it is not registered."""
        iot = self.client(region)
        certificate_id = hashlib.sha256(der(pem)).hexdigest()
        found: dict[str, Any] = iot.describe_ca_certificate(certificateId=certificate_id)
        return dict(found["certificateDescription"])


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
