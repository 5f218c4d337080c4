"""A function's name and its configuration, as the API of AWS Lambda has them.

Source: AWS Lambda API reference, FunctionConfiguration, Invoke ("FunctionName") and ListFunctions.
"""

import re
from datetime import datetime
from typing import Any, Final

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import partition

LATEST: Final = "$LATEST"
# A name, a partial ARN (123456789012:function:NAME) or an ARN, each with a version or alias behind it.
_NAME = re.compile(
    r"\A(?:(?:arn:aws[a-z-]*:lambda:)?(?:[a-z0-9-]{3,32}:)?(?:(?P<account>[0-9]{12}):)?(?:function:))?"
    r"(?P<name>[A-Za-z0-9_-]{1,140})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?\Z"
)


def function_name(text: str, account: str) -> str:
    """The bare name. Raises VALIDATION, and NOT_FOUND for another account's."""
    match = _NAME.match(text)
    if match is None:
        raise PrivySealError(ErrorCode.VALIDATION, f"{text[:170]!a} is not the name or ARN of a function.")
    if match["account"] not in {None, account}:
        raise PrivySealError(ErrorCode.NOT_FOUND, f"Function not found: {text[:170]}")
    return match["name"]


def function_arn(name: str, region: str, account: str) -> str:
    return f"arn:{partition(region)}:lambda:{region}:{account}:function:{name}"


def configuration(name: str, region: str, account: str, started: datetime) -> dict[str, Any]:
    """A FunctionConfiguration: there is no code to fetch and no role, and the function is always ready."""
    return {
        "FunctionName": name,
        "FunctionArn": function_arn(name, region, account),
        "Handler": "lambda_code.lambda_handler",
        "Description": "served by Privy Seal",
        "Timeout": 180,
        "MemorySize": 128,
        "LastModified": f"{started:%Y-%m-%dT%H:%M:%S.000+0000}",
        "Version": LATEST,
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }
