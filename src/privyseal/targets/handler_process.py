"""The process in which a Python handler runs: `python handler_process.py FILE FUNCTION`.

A program of its own that imports nothing of the service. On standard input: JSON with `event`, `context`
and `limits`. Status 0: the function has returned something that is JSON, as Lambda demands; 1: it has not,
and standard error says why. The context has the members of Lambda's Python runtime (AWS Lambda developer
guide, "Using the Lambda context object to retrieve Python function information"; `log` as the open-source
runtime interface client has it).
"""

import importlib.util
import json
import logging
import math
import os
import resource
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

STACK = 1024 * 1024  # bytes for each thread: the usual 8 MB would be most of the address space
GRACE_S = 2  # beyond the time limit, which whoever started this process keeps while it lives


class Context:
    """What Lambda passes as second argument."""

    client_context = None
    identity = None
    tenant_id = None

    def __init__(self, given: dict[str, str], seconds: float) -> None:
        self.aws_request_id = given["aws_request_id"]
        self.function_name = given["function_name"]
        self.function_version = given["function_version"]
        self.invoked_function_arn = given["invoked_function_arn"]
        self.memory_limit_in_mb = given["memory_limit_in_mb"]
        self.log_group_name = given["log_group_name"]
        self.log_stream_name = given["log_stream_name"]
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - time.monotonic()) * 1000))

    def log(self, msg: object) -> None:
        sys.stdout.write(str(msg))


def limit(seconds: float, memory_mb: int) -> None:
    """Hard limits, which the handler cannot lift. The alarm ends a process whose guard was killed too."""
    memory = memory_mb * 1024 * 1024
    processor = math.ceil(seconds) + GRACE_S
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(processor)
    threading.stack_size(STACK)


def load(file: str, function: str) -> Any:
    """The function; modules beside the file can be imported, as in Lambda."""
    path = Path(file)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        message = f"{path.name} is no Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return getattr(module, function)


def main(file: str, function: str) -> int:
    call = json.loads(sys.stdin.buffer.read())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    limits = call["limits"]
    limit(limits["seconds"], limits["memory_mb"])
    context = Context(call["context"], limits["seconds"])
    logging.basicConfig(stream=sys.stdout)
    try:
        json.dumps(load(file, function)(call["event"], context))
    except MemoryError:
        sys.stderr.write(f"\nMemoryError: it needs more than {limits['memory_mb']} MB\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - a handler that exits has failed as well
        traceback.print_exc()
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
