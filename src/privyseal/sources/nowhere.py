"""Files of GitOps where no source is configured: runs are refused, plans of a checkout work."""

from typing import NoReturn

from privyseal.errors import ErrorCode, PrivySealError


class NoSource:
    """Implements `serverless.gitops.ports.Source`."""

    def revision(self) -> NoReturn:
        raise PrivySealError(
            ErrorCode.INVALID_STATE,
            "No source of files is configured: set serverless.gitops.source (directory, git or s3).",
        )

    def snapshot(self) -> NoReturn:
        self.revision()
