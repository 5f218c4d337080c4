"""Which resource a request is about, for the record of its refusal."""

from msgspec import Struct

from privyseal.errors import PrivySealError
from privyseal.names import AuthorityArn, CertificateArn, ManagedArn, format_serial, parse_serial

# Members of the service model that name a resource, the first that is there.
_MEMBERS = ("certificate_authority_arn", "resource_arn")


def resource_of(request: Struct) -> str:
    """The ARN of the authority or of the certificate; empty where the request has none."""
    text = next((str(value) for name in _MEMBERS if (value := getattr(request, name, None))), "")
    try:
        if not text:
            return str(ManagedArn.parse(getattr(request, "certificate_arn", None) or ""))
        authority = AuthorityArn.parse(text)
        serial = getattr(request, "certificate_serial", None)
        if serial is None:
            return str(authority)
        number = parse_serial(serial)
        return str(CertificateArn(authority, number)) if len(format_serial(number)) == 32 else str(authority)
    except PrivySealError:
        return ""
