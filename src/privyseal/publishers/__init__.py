"""Where reports are published. Every file here is an alternative behind `ca.ports.Publisher`; the
setting `publisher.type` picks the row. To add one: one file and one row; `tests/publishers/` runs
its contract over the table.
"""

PUBLISHERS = {
    "directory": "privyseal.publishers.directory:DirectoryPublisher",
    "s3": "privyseal.publishers.s3:S3Publisher",
}
