"""What ARNs of AWS IoT Core say."""

import re

_CERTIFICATE = re.compile(r"\Aarn:[a-z-]+:iot:([a-z0-9-]+):[0-9]{12}:cert/")


def issuing_region(arn: str) -> str | None:
    """Of a certificate: the region whose AWS IoT Core has issued it, the only one where it works."""
    found = _CERTIFICATE.match(arn)
    return found[1] if found else None
