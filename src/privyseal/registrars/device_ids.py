"""Which device ids a registrar can have, by its type: looked at before anything is issued.

AWS IoT Core names a Thing after the device. A broker's patterns and access list have the id in a topic
and in a line of a file.
"""

import re
from collections.abc import Mapping

# Type → (what an id must be like, the same for people).
# aws-iot: ThingName in the iot service model. mosquitto: MQTT 3.1.1 §4.7.1 (wildcards) and §4.7.3 (levels).
DEVICE_IDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "aws-iot": (re.compile(r"\A[a-zA-Z0-9:_-]{1,128}\Z"), "a Thing's name has a-z A-Z 0-9 : _ - alone"),
    "mosquitto": (re.compile(r"\A[^+#/\x00-\x1f\x7f]+\Z"), "+, # and / have a meaning in MQTT topics"),
}
