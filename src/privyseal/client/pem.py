"""Several PEM certificates in one text, taken apart. What is inside is somebody else's business."""

import re

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def blocks(text: str) -> list[str]:
    """The certificates in `text`, in order; whatever stands between them is left out."""
    return _CERTIFICATE.findall(text)
