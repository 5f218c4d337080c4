"""Events on the standard input of a program of the operator's.

No shell reads the command, and nothing of the service's environment reaches it. Status 0 is success; 65
(EX_DATAERR of sysexits.h) says that this event will never be taken; after any other it is tried again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt
from privyseal.processes import Processes

NEVER = 65
MAX_TOLD = 200  # characters of output in an error


class CommandTarget:
    """Implements `events.ports.Target`."""

    def __init__(self, name: str, *, command: Sequence[str], timeout_seconds: float = 30.0) -> None:
        """Raises INVALID_ARGUMENT for a program without its whole path."""
        if not command[0].startswith("/"):
            text = f"The command of [targets.{name}] begins with the whole path of a program."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        self.name = name
        self._command = tuple(command)
        self._seconds = timeout_seconds
        self._processes = Processes()

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PRIVYSEAL_DELIVERY": attempt.delivery,
            "PRIVYSEAL_ATTEMPT": str(attempt.number),
        }
        given = json.dumps(event).encode() + b"\n"
        ended = self._processes.run(
            self._command, given, environment=environment, folder="/", seconds=self._seconds
        )
        for line in ended.output.splitlines():
            log.info("command_output", target=self.name, delivery=attempt.delivery, line=line)
        if not ended.in_time:
            text = f"{self._command[0]} did not end in {self._seconds:g} seconds and was killed."
            raise PrivySealError(ErrorCode.UNAVAILABLE, text)
        if ended.status:
            code = ErrorCode.INVALID_ARGUMENT if ended.status == NEVER else ErrorCode.UNAVAILABLE
            said = ended.output.strip()[-MAX_TOLD:]
            text = f"{self._command[0]} ended with status {ended.status}: {said}"
            raise PrivySealError(code, text)

    def close(self) -> None:
        """What is under way is ended, and comes again."""
        self._processes.close()
