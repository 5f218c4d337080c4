"""AWS Step Functions as far as serverless-ca's script needs it: one state machine, which carries runs out.

Source: AWS Step Functions API reference, ListStateMachines, StartExecution and DescribeExecution. The
protocol is awsJson1.0.
"""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.errors import WIRE, Names
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.names import partition
from privyseal.serverless.gitops.model import Progress, State
from privyseal.serverless.gitops.ordering import MAX_INPUT, Ordering
from privyseal.serverless.tls_certificate import Call as FunctionCall

STATES: Names = {
    **WIRE,
    ErrorCode.VALIDATION: ("InvalidName", 400),
    ErrorCode.INVALID_ARN: ("InvalidArn", 400),
    ErrorCode.INVALID_ARGUMENT: ("InvalidExecutionInput", 400),
    ErrorCode.INVALID_PAGE_TOKEN: ("InvalidToken", 400),
    ErrorCode.NOT_FOUND: ("ExecutionDoesNotExist", 400),
    ErrorCode.INVALID_STATE: ("StateMachineDoesNotExist", 400),  # there is one, and it is not asked for
    ErrorCode.ALREADY_EXISTS: ("ExecutionAlreadyExists", 400),
}
# State of a run → ExecutionStatus
_STATUS: Final = {
    State.QUEUED: "RUNNING",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "SUCCEEDED",
    State.FAILED: "FAILED",
}
_ARN = re.compile(
    r"\Aarn:(?P<partition>aws[a-z-]*):states:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":(?P<kind>stateMachine|execution):(?P<machine>[^:]{1,80})(?::(?P<name>[^:]{1,80}))?\Z"
)
_Arn = Annotated[str, Meta(min_length=1, max_length=256)]


class ListStateMachinesRequest(Struct, rename="camel"):
    max_results: Annotated[int, Meta(ge=0, le=1000)] | None = None
    next_token: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None


class StartExecutionRequest(Struct, rename="camel"):
    state_machine_arn: _Arn
    name: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    input: Annotated[str, Meta(max_length=MAX_INPUT)] | None = None
    trace_header: Annotated[str, Meta(max_length=256)] | None = None


class DescribeExecutionRequest(Struct, rename="camel"):
    execution_arn: _Arn
    included_data: str | None = None


def service(ordering: Ordering, pool: Pool, machine: str, created: datetime) -> Service:
    """`machine` is the name of the state machine."""
    executions = Executions(ordering, pool, machine, created)
    operations = (
        Operation("ListStateMachines", ListStateMachinesRequest, executions.list_machines),
        Operation("StartExecution", StartExecutionRequest, executions.start, changes=True),
        Operation("DescribeExecution", DescribeExecutionRequest, executions.describe),
    )
    return Service(
        "states",
        "states",
        "AWSStepFunctions",
        {each.name: each for each in operations},
        STATES,
        json10=True,
    )


class Executions:
    def __init__(self, ordering: Ordering, pool: Pool, machine: str, created: datetime) -> None:
        self._ordering = ordering
        self._pool = pool
        self._machine = machine
        self._created = created

    async def list_machines(self, call: Call, request: ListStateMachinesRequest) -> dict[str, Any]:
        if request.next_token is not None:
            raise PrivySealError(ErrorCode.INVALID_PAGE_TOKEN, "Invalid Token: 'Invalid token'")
        machine = {
            "stateMachineArn": self._machine_arn(call),
            "name": self._machine,
            "type": "STANDARD",
            "creationDate": self._created,
        }
        return {"stateMachines": [machine]}

    async def start(self, call: Call, request: StartExecutionRequest) -> dict[str, Any]:
        arn = request.state_machine_arn
        found = _parsed(arn, "stateMachine")
        if arn != self._machine_arn(call) or found["name"]:
            raise PrivySealError(ErrorCode.INVALID_STATE, f"State Machine Does Not Exist: '{arn}'")
        given = request.input if request.input is not None else "{}"
        try:
            json.loads(given)
        except (ValueError, RecursionError):
            text = "Invalid State Machine Execution Input: it is not JSON"
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text) from None
        ours = FunctionCall(caller(call), forces=call.principal.admin)
        run = await self._pool.run(self._ordering.start, ours, request.name or "", given)
        return {"executionArn": self._execution_arn(call, run.name), "startDate": run.created_at}

    async def describe(self, call: Call, request: DescribeExecutionRequest) -> dict[str, Any]:
        arn = request.execution_arn
        name = _parsed(arn, "execution")["name"]
        if not name or arn != self._execution_arn(call, name):
            raise PrivySealError(ErrorCode.NOT_FOUND, f"Execution Does Not Exist: '{arn}'")
        try:
            progress = await self._pool.run(self._ordering.named, caller(call), name)
        except PrivySealError as error:
            if error.code is ErrorCode.NOT_FOUND:
                raise PrivySealError(ErrorCode.NOT_FOUND, f"Execution Does Not Exist: '{arn}'") from None
            raise
        return self._described(call, progress)

    def _described(self, call: Call, progress: Progress) -> dict[str, Any]:
        run = progress.run
        found: dict[str, Any] = {
            "executionArn": self._execution_arn(call, run.name),
            "stateMachineArn": self._machine_arn(call),
            "name": run.name,
            "status": _STATUS[run.state],
            "startDate": run.created_at,
            "input": run.input,
            "inputDetails": {"included": True},
        }
        if run.finished_at is not None:
            found["stopDate"] = run.finished_at
        if run.state is State.SUCCEEDED:
            output = {"revision": run.revision, "done": progress.done}
            found |= {"output": json.dumps(output), "outputDetails": {"included": True}}
        if run.state is State.FAILED:
            found |= {"error": "FilesUnreadable", "cause": run.problem}
        return found

    def _machine_arn(self, call: Call) -> str:
        return f"{_prefix(call)}:stateMachine:{self._machine}"

    def _execution_arn(self, call: Call, name: str) -> str:
        return f"{_prefix(call)}:execution:{self._machine}:{name}"


def _prefix(call: Call) -> str:
    return f"arn:{partition(call.region)}:states:{call.region}:{call.account}"


def _parsed(arn: str, kind: str) -> re.Match[str]:
    match = _ARN.match(arn)
    if match is None or match["kind"] != kind:
        raise PrivySealError(ErrorCode.INVALID_ARN, f"Invalid Arn: '{arn}'")
    return match
