"""Numbers of AWS Certificate Manager, each with its page."""

from datetime import timedelta

# The principal that acts for ACM, in permissions and in the audit trail.
PRINCIPAL = "acm.amazonaws.com"
# RequestCertificate, IdempotencyToken: "time out after one hour".
TOKEN_LIFE = timedelta(hours=1)
# RequestCertificate, SubjectAlternativeNames: at most 100 names.
MAX_NAMES = 100
# RequestCertificate, DomainName: the common name has at most 64 characters (RFC 5280 appendix A).
MAX_COMMON_NAME = 64
# "Tagging": 50 tags for each certificate.
MAX_TAGS = 50
# User guide, "Private certificates": valid for 13 months.
VALIDITY = timedelta(days=395)
# RequestCertificate, KeyAlgorithm: what is not for imports alone. The first one is the default.
KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
# ExportCertificate, Passphrase.
MIN_PASSPHRASE = 4
MAX_PASSPHRASE = 128
# "Quotas", imported certificates per year: the last 365 days. By whole days (UTC) here.
IMPORTS_COUNT_FOR = timedelta(days=365)
# "ACM automatically attempts to renew" private certificates from then on.
RENEWAL_WINDOW = timedelta(days=60)
# PutAccountConfiguration: expiry events begin so many days before, if nothing else is set.
DAYS_BEFORE_EXPIRY = 45
# "ACM Certificate Renewal Action Required": days before the expiry of a private certificate.
ACTION_STAGES = (45, 30, 15, 3, 1)
# What cannot be issued because something is down is tried for so long: a validation's patience.
PATIENCE = timedelta(hours=72)
