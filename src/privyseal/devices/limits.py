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
# How long whoever tells a registrar something has it to itself; after a crash, who is next waits so long.
STEP_LEASE = timedelta(minutes=2)
# Certificates that one process tells a registrar of at once, when there is a lot to catch up with: a call
# takes as long as the way there, and registrars have limits of their own.
STEPS_AT_ONCE = 4
# Between attempts to reach a registrar that is away, and at first after any failure; …
PROBE = timedelta(seconds=5)
# … up to this where a registrar is away (so late does a certificate come that has failed again and again),
STEP_PAUSE_AWAY = timedelta(minutes=2)
# … and where it refuses: somebody has to set something right first.
STEP_PAUSE = timedelta(hours=1)
# Certificates that one commit orders to be registered with a registrar that was added later.
REGISTRATIONS = 500
# How long a link to a certificate counts: a device may be out of reach for a night.
LINK_LIFETIME = timedelta(hours=24)
# Orders that one process works on at once: what they wait for is mostly an issuer elsewhere.
ORDERS_AT_ONCE = 8
# Who takes an order has it for so long: as much does a crash delay it. Two that are at it after all
# get the same certificate (`vending.py`).
ORDER_LEASE = timedelta(seconds=30)
# Attempts at one order, and the pauses between them: five minutes in all.
ORDER_ATTEMPTS = 10
ORDER_PAUSE = timedelta(seconds=2)
ORDER_LAST_PAUSE = timedelta(minutes=1)
