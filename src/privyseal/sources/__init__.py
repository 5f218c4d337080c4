"""What others write and this service reads: lists of devices, behind `devices.ports.DeviceSource`, and the
files of GitOps, behind `serverless.gitops.ports.Source`. Every file here is an alternative.
To add one: one file and one row; `tests/sources/` runs its contract over the table.
"""

from privyseal.sources.nowhere import NoSource

__all__ = ["GITOPS_SOURCES", "SOURCES", "NoSource"]

SOURCES = {
    "dynamodb": "privyseal.sources.dynamodb:DynamoDbSource",
}

GITOPS_SOURCES = {
    "directory": "privyseal.sources.directory:DirectorySource",
    "git": "privyseal.sources.git:GitSource",
    "s3": "privyseal.sources.s3:S3Source",
}
