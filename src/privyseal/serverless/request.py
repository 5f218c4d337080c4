"""The JSON that the certificate function of serverless-ca takes, read as its users write it.

Keys that it does not know are passed over, as they always were; what it knows is read strictly, and
what it leaves out of a request is said in the answer.
"""

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from privyseal.serverless import custom_extensions, lifetime, purposes, sans, subject
from privyseal.serverless.purposes import KeyPurposes
from privyseal.serverless.refusals import Refused
from privyseal.serverless.sans import Sans

MAX_CSR: Final = 32_768  # octets: CsrBlob of the acm-pca service model
_MAX_FILE_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """One certificate, asked for. `subject` has keys of `subject.ATTRIBUTES`; either `csr` (PEM) or
    `csr_file` is there. `days` and `extensions` are as asked for until they are `granted`.
    """

    subject: Mapping[str, str]
    days: int
    purposes: KeyPurposes
    sans: Sans
    csr: bytes | None
    csr_file: str | None
    extensions: Any
    force_issue: bool
    cert_bundle: bool
    notify_issued: bool | None
    notify_expiry: bool | None
    warnings: tuple[str, ...]

    @property
    def common_name(self) -> str:
        return self.subject["common_name"]


def wants_chain_only(event: Mapping[str, Any]) -> bool:
    """Whether nothing but the authorities' certificates is asked for; then nothing else is looked at."""
    return _flag(event, "ca_chain_only") or False


def read(event: Mapping[str, Any]) -> CertificateRequest:
    """Raises Refused for what cannot be read."""
    own = subject.asked(event)
    if "common_name" not in own:
        raise Refused("common_name is missing: the request must name the certificate's common name")
    key_purposes = purposes.read(event.get("purposes"), event.get("extended_key_usages"))
    names = sans.read(event.get("sans"), own["common_name"])
    csr_file = _file_name(event.get("csr_file"))
    return CertificateRequest(
        subject=own,
        days=lifetime.read(event.get("lifetime", lifetime.DEFAULT)),
        purposes=key_purposes,
        sans=names,
        csr=None if csr_file else _csr(event.get("base64_csr_data")),
        csr_file=csr_file,
        extensions=event.get("extensions"),
        force_issue=_flag(event, "force_issue") or False,
        cert_bundle=_flag(event, "cert_bundle") or False,
        notify_issued=_flag(event, "notify_issued"),
        notify_expiry=_flag(event, "notify_expiry"),
        warnings=(*key_purposes.dropped, *names.dropped),
    )


def granted(request: CertificateRequest, longest: int, allowed: Collection[str]) -> CertificateRequest:
    """What the operator lets it have: so many days at most, custom extensions from a list. Raises Refused."""
    days, cut = lifetime.granted(request.days, longest)
    found = tuple(custom_extensions.read(request.extensions, allowed))
    return replace(
        request, days=days, extensions=found, warnings=(*((cut,) if cut else ()), *request.warnings)
    )


def _flag(event: Mapping[str, Any], key: str) -> bool | None:
    """A JSON boolean: "False" in quotes must not force anything."""
    value = event.get(key)
    if value is not None and not isinstance(value, bool):
        raise Refused(f"{key} must be true or false")
    return value


def _csr(data: Any) -> bytes:
    """The PEM in `base64_csr_data`, which may have line breaks, as tools put them."""
    if not data:
        raise Refused("The request has no CSR: give base64_csr_data or csr_file")
    if not isinstance(data, str) or len(data) > 2 * MAX_CSR:
        raise Refused(f"base64_csr_data must be base64 of a PEM CSR of at most {MAX_CSR} bytes")
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("base64_csr_data is not base64") from None


def _file_name(name: Any) -> str | None:
    if not name:
        return None
    if not isinstance(name, str) or len(name) > _MAX_FILE_NAME or not name.isprintable():
        raise Refused("csr_file must be the name of a file")
    return name
