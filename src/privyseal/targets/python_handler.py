"""Events to a Python function as AWS Lambda calls it: `lambda_handler(event, context)` of a file.

Each call is a new process (`handler_process.py`) with limits of time and memory; its output goes to our
log, line by line, with the id of the delivery as request id. boto3 inside it asks this service. As with
Lambda's asynchronous calls, a function that fails is called again with the same request id.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.processes import Processes
from privyseal.scratch import scratch_folder

PROGRAM = Path(__file__).with_name("handler_process.py")
MAX_TOLD = 200  # characters of the last line of output in an error
MIN_SECRET = 8  # shorter values are no secrets, and would be found everywhere

_PRIVATE_KEY = re.compile(
    r"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """What boto3 in a handler is told about this service."""

    url: str
    region: str
    account: str
    ca_bundle: str = ""  # PEM roots that verify the service's own certificate, where it speaks TLS
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)


class PythonHandlerTarget:
    """Implements `events.ports.Target`. `access` is asked before each call: addresses and keys may change."""

    def __init__(
        self,
        name: str,
        *,
        file: str,
        access: Callable[[], ServiceAccess],
        function: str = "lambda_handler",
        timeout_seconds: float = 30.0,
        memory_mb: int = 256,
        credentials_file: str = "",
        profile: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._file = Path(file)
        self._function = function
        self._access = access
        self._seconds = timeout_seconds
        self._memory_mb = memory_mb
        self._credentials_file = credentials_file
        self._profile = profile
        self._environment = dict(environment or {})
        self._processes = Processes()

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        access = self._access()
        call = {"event": event, "context": self._context(attempt, access), "limits": self._limits()}
        with scratch_folder() as scratch:
            ended = self._processes.run(
                (sys.executable, "-I", "-u", str(PROGRAM), str(self._file), self._function),
                json.dumps(call).encode(),
                environment=self._variables(access, str(scratch)),
                folder=str(self._file.parent),
                seconds=self._seconds,
            )
        output = _without_secrets(ended.output, [access.secret_access_key])
        for line in filter(None, output.splitlines()):
            log.info("handler_output", target=self.name, request_id=attempt.delivery, line=line)
        if not ended.in_time:
            text = f"{self._file.name} did not end in {self._seconds:g} seconds and was killed."
            raise PrivySealError(ErrorCode.UNAVAILABLE, text)
        if ended.status:
            said = (output.strip().splitlines() or ["nothing"])[-1][:MAX_TOLD]
            text = f"{self._function} of {self._file.name} ended with status {ended.status}: {said}"
            raise PrivySealError(ErrorCode.UNAVAILABLE, text)

    def close(self) -> None:
        """What is under way is ended, and comes again."""
        self._processes.close()

    def _limits(self) -> Mapping[str, float]:
        return {"seconds": self._seconds, "memory_mb": self._memory_mb}

    def _context(self, attempt: Attempt, access: ServiceAccess) -> Mapping[str, str]:
        place = f"{access.region}:{access.account}"
        return {
            "aws_request_id": attempt.delivery,
            "function_name": self.name,
            "function_version": "$LATEST",
            "invoked_function_arn": f"arn:aws:lambda:{place}:function:{self.name}",
            "memory_limit_in_mb": str(self._memory_mb),
            "log_group_name": f"/aws/lambda/{self.name}",
            "log_stream_name": attempt.delivery,
        }

    def _variables(self, access: ServiceAccess, scratch: str) -> Mapping[str, str]:
        """Those that Lambda defines (its guide, "Defined runtime environment variables") and what boto3
        reads; nothing of the service's own environment.
        """
        own = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "HOME": scratch,
            "TMPDIR": scratch,
            "_HANDLER": f"{self._file.stem}.{self._function}",
            "LAMBDA_TASK_ROOT": str(self._file.parent),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._memory_mb),
            "AWS_REGION": access.region,
            "AWS_DEFAULT_REGION": access.region,
            "AWS_ENDPOINT_URL": access.url,
            "AWS_CA_BUNDLE": access.ca_bundle,
            "AWS_EC2_METADATA_DISABLED": "true",
            "MALLOC_ARENA_MAX": "2",  # glibc: each thread would reserve 64 MB of address space
        }
        if self._credentials_file:
            own |= {"AWS_SHARED_CREDENTIALS_FILE": self._credentials_file, "AWS_PROFILE": self._profile}
        else:
            own |= {
                "AWS_ACCESS_KEY_ID": access.access_key_id,
                "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
            }
        return {name: value for name, value in (self._environment | own).items() if value}


def _without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Private keys and the given values, wherever they stand, are left out."""
    for secret in secrets:
        if len(secret) >= MIN_SECRET:
            text = text.replace(secret, "(secret left out)")
    return _PRIVATE_KEY.sub(r"(\1 left out)", text)
