"""What a device may do at AWS IoT Core where the settings say nothing else: be itself.

It connects with its Thing's name as client id, and has the topics below `devices/NAME/` and those
that AWS reserves for the Thing (shadow, jobs). The variables are AWS's: the Thing is the one that the
certificate is attached to, whatever a device says it is.
"""

import json

_THING = "${iot:Connection.Thing.ThingName}"
_TOPICS = (f"devices/{_THING}/*", f"$aws/things/{_THING}/*")


def device_policy(certificate_arn: str) -> str:
    """The document, for the partition, region and account of a certificate there."""
    prefix = certificate_arn.rpartition(":")[0]
    statements = [
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": f"{prefix}:client/{_THING}",
            "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
        },
        {
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:Receive"],
            "Resource": [f"{prefix}:topic/{topic}" for topic in _TOPICS],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Subscribe",
            "Resource": [f"{prefix}:topicfilter/{topic}" for topic in _TOPICS],
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
