"""The numbers of the device domain, each with its reason."""

from datetime import timedelta

# X.520 ub-common-name (RFC 5280 appendix A.1): the id is the common name of the device's certificate.
MAX_ID = 64
# Characters of a batch's name.
MAX_BATCH = 64
# Characters of a registered key as text. The largest accepted key, ML-DSA-87's, takes 4.8 KB as
# base64 of PEM.
MAX_KEY_TEXT = 16 * 1024
# Devices in one import, or in one change of state: one transaction.
MAX_IMPORT = 1000
# For this long the same CSR is a retry; as long as an idempotency token counts (IssueCertificate).
RETRY_WINDOW = timedelta(minutes=5)
# Claims past that window which a new one takes away: more than it adds, so the table stays small.
CLAIMS_PRUNED = 100
# IdempotencyToken in the acm-pca service model: at most 36 characters.
MAX_TOKEN = 36
# How long an unfinished enrolment waits for the device to come back, before it is cleaned up.
UNFINISHED = timedelta(days=1)
# How long the certificate before still works when a device has got a new one: it may have to try
# the new one for a while, or never have received it.
GRACE = timedelta(days=1)
