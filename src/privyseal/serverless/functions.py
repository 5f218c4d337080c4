"""The functions that serverless-ca has, by their names: what a caller may list, look at and invoke."""

from collections.abc import Callable, Mapping
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.names import FUNCTIONS, Names
from privyseal.serverless.responses import refused
from privyseal.serverless.tls_certificate import Call

# Answers with what becomes JSON. Blocks.
Function = Callable[[Call, Mapping[str, Any]], Any]


class Functions:
    """`work` has a function for rows of `names.FUNCTIONS`; the others are there and do nothing."""

    def __init__(self, names: Names, work: Mapping[str, Function]) -> None:
        self._work = {names.function(what): work.get(what, _nothing) for what in FUNCTIONS}

    def names(self) -> list[str]:
        """In alphabetical order."""
        return sorted(self._work)

    def find(self, name: str) -> Function:
        """Raises NOT_FOUND."""
        function = self._work.get(name)
        if function is None:
            raise PrivySealError(ErrorCode.NOT_FOUND, f"Function not found: {name[:140]}")
        return function

    def invoke(self, name: str, call: Call, event: Any) -> Any:
        """What the function answers, a refusal included. Raises NOT_FOUND."""
        function = self.find(name)
        if not isinstance(event, dict):
            return refused("The request must be a JSON object")
        return function(call, event)


def _nothing(_call: Call, _event: Mapping[str, Any]) -> None:
    """Authorities are made once, and notices are sent without being asked for."""
