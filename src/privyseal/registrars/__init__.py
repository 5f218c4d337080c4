"""Who must know a certificate before a device can use it. Every file here is an alternative behind
`devices.ports.Registrar`. To add one: one file and one row; `tests/registrars/` runs its contract
over the table.
"""

REGISTRARS = {
    "aws-iot": "privyseal.registrars.aws_iot:AwsIotRegistrar",
    "mosquitto": "privyseal.registrars.mosquitto:MosquittoRegistrar",
}
