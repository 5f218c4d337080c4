"""Who issues device certificates. Every file here is an alternative behind `devices.ports.Issuer`.
To add one: one file and one row; `tests/issuers/` runs its contract over the table.
"""

ISSUERS = {
    "local": "privyseal.issuers.local:LocalIssuer",
    "aws-pca": "privyseal.issuers.aws_pca:AwsPcaIssuer",
    "aws-iot": "privyseal.issuers.aws_iot:AwsIotIssuer",
}
