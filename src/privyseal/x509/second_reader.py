"""What another implementation makes of an extension that is passed through verbatim.

A certificate with a policy or a distribution point that only looks like one would be refused by its
readers, after it has been issued. `cryptography` is asked before.
"""

from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509

from privyseal.x509 import der
from privyseal.x509.extensions import Extension

# A certificate to read and never to sign: version 3, number 1, nobody to nobody, no key.
_ALGORITHM = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_DATE = der.time(datetime(2000, 1, 1, tzinfo=UTC))
_SHELL = (
    der.tlv(0xA0, der.integer(2)),
    der.integer(1),
    _ALGORITHM,
    der.sequence(),
    der.sequence(_DATE, _DATE),
    der.sequence(),
    der.sequence(_ALGORITHM, der.bit_string(b"")),
)


@lru_cache(maxsize=128)  # the requests of one client pass the same few
def others_can_read(extension: Extension) -> bool:
    """Whether its value has the form that its identifier promises; unknown identifiers promise none."""
    fields = (*_SHELL, der.tlv(0xA3, der.sequence(extension.encode())))
    certificate = der.sequence(der.sequence(*fields), _ALGORITHM, der.bit_string(b""))
    try:
        return len(x509.load_der_x509_certificate(certificate).extensions) == 1
    except x509.UnsupportedGeneralNameType:
        return True  # an EDI party name or an X.400 address: rare, and legal
    except (ValueError, TypeError, KeyError):  # its value classes raise all of them
        return False
