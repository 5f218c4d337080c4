"""Numbers that AWS documents for acm-pca, each with its page."""

from datetime import timedelta

# Service quotas, "Number of private certificate authorities (CAs)".
MAX_AUTHORITIES = 200
# Service model, TagList; "Tagging": 50 tags for each authority.
MAX_TAGS = 50
# Service model, ListCertificateAuthorities: "a maximum of 100 … even if you ask for more".
MAX_PAGE = 100
# DeleteCertificateAuthority: 7 to 30 days, 30 by default.
MIN_RESTORE_DAYS = 7
MAX_RESTORE_DAYS = 30
# The prefixes of tag keys that belong to AWS.
RESERVED_TAG_PREFIXES = ("aws:", "rds:")
# CreateCertificateAuthorityAuditReport: "a maximum of one report every 30 minutes".
AUDIT_REPORT_INTERVAL = timedelta(minutes=30)
