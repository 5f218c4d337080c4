"""Tables of certificates elsewhere. Every file here is an alternative behind
`serverless.notice_ports.CertificateTable`. To add one: one file and one row; `tests/tables/` runs its
contract over the table.
"""

TABLES = {
    "dynamodb": "privyseal.tables.dynamodb:DynamoDbTable",
}
