"""Finding the certificate that a request names, as its caller may see it."""

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.ports import ManagedCertificates
from privyseal.names import ManagedArn
from privyseal.store import Tx


def find_certificate(
    tx: Tx, certificates: ManagedCertificates, caller: Caller, arn: str
) -> ManagedCertificate:
    """The row of an ARN. Raises INVALID_ARN, or NOT_FOUND where the caller's account has no such."""
    parsed = ManagedArn.parse(arn)
    found = certificates.find(tx, parsed.id)
    if found is None or found.arn != parsed or parsed.account != caller.account:
        text = f"Could not find certificate {arn} in account {caller.account}."  # AWS's words
        raise PrivySealError(ErrorCode.NOT_FOUND, text)
    return found
