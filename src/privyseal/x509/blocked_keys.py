"""Keys whose private halves are published: SHA-256 of the SubjectPublicKeyInfo → where.

Debian's weak keys of 2008 (CVE-2008-0166) are not listed: there are hundreds of thousands for each
size. An operator's own list goes into `KeyRules.blocked`.
"""

from collections.abc import Mapping
from types import MappingProxyType

BLOCKED_KEYS: Mapping[bytes, str] = MappingProxyType(
    {
        bytes.fromhex(digest): source
        for digest, source in (
            ("8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878", "RFC 9500, testRSA2048"),
            ("96465ea5dc9bb2da7b351d808a7196e5761f2412a5040131c68d719aaba28fb9", "RFC 9500, testRSA4096"),
            ("b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e", "RFC 9500, testECCP256"),
            ("c4c10105a0be0ed4dd3354428dc38a9bfee64da141ce16e75c94eda272f9dd3a", "RFC 9500, testECCP384"),
            ("acb1b8327fef995e2458fdf5e3c33b2dc0749feabd6a894cb9bda9d70ac06c24", "RFC 9500, testECCP521"),
        )
    }
)
