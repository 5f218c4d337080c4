"""`python -m tests.registrars.moto_server`: moto's AWS on a free loopback port; prints its URL.

Where moto is known to depart from AWS IoT Core in what matters here, it is put right: certificates
have the SHA-256 of their DER as id, one made from a CSR is for the CSR's key and INACTIVE where
that is asked for, and a region's endpoint stays what it is. Of Route 53, deleting one record of a set
identifier leaves those of other types.
"""

import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.core.config import default_user_config
from moto.iot.exceptions import InvalidRequestException
from moto.iot.models import FakeEndpoint, IoTBackend
from moto.route53.models import Route53Backend
from moto.server import ThreadedMotoServer

_KEY = ec.generate_private_key(ec.SECP256R1())
_ISSUER = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "AWS IoT")])


def create_certificate_from_csr(backend: Any, csr: str, set_as_active: bool) -> Any:
    try:
        request = x509.load_pem_x509_csr(csr.encode())
    except ValueError:
        raise InvalidRequestException("The CSR is not valid.") from None
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(_ISSUER, request.subject, request.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=2))
        .not_valid_after(now + timedelta(days=365))
        .sign(_KEY, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    active = str(set_as_active).lower() == "true"  # as it stands in the URL
    return backend.register_certificate(text, None, active, "INACTIVE")


def describe_endpoint(backend: Any, endpoint_type: str) -> Any:
    known: dict[str, Any] = backend.__dict__.setdefault("endpoints", {})
    return known.setdefault(endpoint_type, FakeEndpoint(endpoint_type, backend.region_name))


def change_resource_record_sets(backend: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    records = {(each.name, each.type, each.set_identifier): each for each in backend.zones[zoneid].rrsets}
    named = [each["ResourceRecordSet"] for each in change_list if each["Action"] == "DELETE"]
    gone = {(each["Name"], each["Type"], each.get("SetIdentifier")) for each in named}
    CHANGE_RECORDS(backend, zoneid, change_list)
    zone = backend.zones[zoneid]
    there = {(each.name, each.type, each.set_identifier) for each in zone.rrsets}
    zone.rrsets += [each for key, each in records.items() if key not in there | gone]


CHANGE_RECORDS = Route53Backend.change_resource_record_sets

if __name__ == "__main__":
    default_user_config["iot"] = {"use_valid_cert": True}
    backends: Any = IoTBackend
    backends.create_certificate_from_csr = create_certificate_from_csr
    backends.describe_endpoint = describe_endpoint
    zones: Any = Route53Backend
    zones.change_resource_record_sets = change_resource_record_sets
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write("http://{}:{}\n".format(*server.get_host_and_port()))
    sys.stdout.flush()
    threading.Event().wait()
