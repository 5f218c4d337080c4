"""CertificateOptions, and what each is where nobody has set it."""

from collections.abc import Mapping

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.states import Kind

LOGGING, EXPORT, VALIDATION = "CertificateTransparencyLoggingPreference", "Export", "ValidationMethod"

DEFAULTS: Mapping[Kind, Mapping[str, str]] = {
    Kind.PRIVATE: {LOGGING: "ENABLED", EXPORT: "ENABLED"},
    Kind.IMPORTED: {LOGGING: "DISABLED", EXPORT: "DISABLED"},
}


def options_of(certificate: ManagedCertificate) -> Mapping[str, str]:
    return {**DEFAULTS[certificate.kind], **certificate.options}
