"""Where private keys live. Every file here is an alternative behind `ca.ports.KeyStore`; the
scheme of a stored key's URI picks the row. To add one: one file and one row.
"""

KEYSTORES = {
    "software": "privyseal.keystores.software:SoftwareKeyStore",
    "aws-kms": "privyseal.keystores.aws_kms:AwsKmsKeyStore",
}
