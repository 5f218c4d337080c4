"""Where checkpoints of the audit trail are kept outside the database. Every file here is an alternative
behind `events.ports.Sink`; the setting `audit.sink` picks the row. To add one: one file and one row;
`tests/sinks/` runs its contract over the table.
"""

SINKS = {
    "directory": "privyseal.sinks.directory:DirectorySink",
    "s3": "privyseal.sinks.s3:S3Sink",
}
