"""What a call adds to a certificate by itself: the ApiPassthrough of the service model.

Source: AWS Private CA API reference, ApiPassthrough and CustomExtension. Which of it a template takes
is the profile's business; here it is read strictly and as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from privyseal.errors import ErrorCode
from privyseal.x509 import model_extensions
from privyseal.x509.extensions import Extension
from privyseal.x509.model_extensions import check_distinct
from privyseal.x509.refusal import RefusalError, reported
from privyseal.x509.subject import Name, name_from_members

# A larger certificate could be imported nowhere: CertificateBodyBlob of the acm-pca service model.
MAX_EXTENSIONS_SIZE = 32_768  # octets, of all values together


@dataclass(frozen=True, slots=True)
class Passthrough:
    """`extensions` are at most one of each OID, in the order of the service model."""

    subject: Name | None = None
    extensions: tuple[Extension, ...] = ()


NOTHING = Passthrough()


def passthrough_from_model(asked: Mapping[str, Any]) -> Passthrough:
    """An ApiPassthrough with the member names of the service model. Raises INVALID_ARGUMENT."""
    with reported(ErrorCode.INVALID_ARGUMENT, "The ApiPassthrough cannot be used"):
        subject = asked.get("Subject")
        found = tuple(_extensions(asked.get("Extensions") or {}))
        check_distinct([extension.oid for extension in found], "the extension")
        size = sum(len(extension.value) for extension in found)
        if size > MAX_EXTENSIONS_SIZE:
            raise RefusalError(
                f"its extensions have {size} octets; at most {MAX_EXTENSIONS_SIZE} are accepted"
            )
        return Passthrough(None if subject is None else name_from_members(subject), found)


def _extensions(asked: Mapping[str, Any]) -> Iterator[Extension]:
    typed = (
        model_extensions.certificate_policies(asked.get("CertificatePolicies")),
        model_extensions.extended_key_usage(asked.get("ExtendedKeyUsage")),
        model_extensions.key_usage(asked.get("KeyUsage")),
        model_extensions.subject_alternative_names(asked.get("SubjectAlternativeNames")),
    )
    yield from (extension for extension in typed if extension)
    yield from map(model_extensions.custom, asked.get("CustomExtensions") or ())
