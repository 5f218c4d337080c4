"""Lists of devices elsewhere. Every file here is an alternative behind `devices.ports.DeviceSource`.
To add one: one file and one row; `tests/sources/` runs its contract over the table.
"""

SOURCES = {
    "dynamodb": "privyseal.sources.dynamodb:DynamoDbSource",
}
