"""Clients of boto3 (the extra `aws`), as every adapter of an AWS service makes them.

Credentials are found as every AWS tool finds them: environment, profile, instance role.
"""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from privyseal.errors import ErrorCode, PrivySealError


def waiting(connect_s: float = 5, read_s: float = 20, *, attempts: int = 4, **more: Any) -> Config:
    """How long a call may take: botocore's own limits are a minute each. It repeats what was throttled or
    answered by a 5xx. `more` is botocore's.
    """
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=connect_s, read_timeout=read_s, retries=retries, **more)


def aws_client(
    service: str,
    what: str,
    config: Config,
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
) -> Any:
    """Safe to share between threads. Raises INVALID_ARGUMENT, naming `what` cannot be used, for a profile, a
    region or an address that there is not. What is empty is AWS's configuration to say.
    """
    try:
        session = boto3.Session(profile_name=profile or None)
        return session.client(
            service, region_name=region or None, endpoint_url=endpoint_url or None, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{what} cannot be used: {error}") from error
