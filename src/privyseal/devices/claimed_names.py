"""What a device may be called beside its id: by default nothing that is somebody else's name.

A registered key says who the device is, not which hosts it speaks for. With the rule `own` its
alternative names are DNS names that are its id, or have its id as their first label; none has a
wildcard. `any` leaves them to the template, for fleets whose CSRs are made by somebody who is
trusted with every name.
"""

from privyseal.devices.model import Device
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.csr import Csr
from privyseal.x509.general_names import DNS, GeneralName

OWN, ANY = "own", "any"


def check_names(device: Device, csr: Csr, rule: str) -> None:
    """Raises ACCESS_DENIED for an alternative name that the rule does not let the device have."""
    if rule == ANY:
        return
    for name in csr.names:
        if not _is_own(name, device.id):
            raise PrivySealError(
                ErrorCode.ACCESS_DENIED,
                f"The certificate signing request asks for the {name.kind} {name.text[:100]!r}. A device may "
                "have DNS names that are its id or begin with its id and a dot.",
            )


def _is_own(name: GeneralName, device_id: str) -> bool:
    """DNS names are compared without case (RFC 4343)."""
    text, own = name.text.lower(), device_id.lower()
    return name.kind == DNS and "*" not in text and (text == own or text.startswith(f"{own}."))
