"""RevocationConfiguration: what it may hold, and the form in which Describe gives it back.

CRLs and OCSP are not served yet, and a certificate whose CDP leads nowhere is worse than none:
switching either on is refused with a clear error.
"""

from collections.abc import Mapping
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError

DISABLED: Mapping[str, Any] = {
    "CrlConfiguration": {"Enabled": False},
    "OcspConfiguration": {"Enabled": False},
}


def checked(requested: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The settings with both members present, as AWS describes them. Raises INVALID_ARGUMENT."""
    for member, settings in (requested or {}).items():
        if settings is None:
            continue
        if settings.get("Enabled"):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"{member} cannot be enabled: CRL and OCSP are not served by this release.",
            )
        if any(value is not None for name, value in settings.items() if name != "Enabled"):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"{member} has other members beside Enabled=false; remove them or enable it.",
            )
    return DISABLED
