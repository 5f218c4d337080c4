"""sts:GetCallerIdentity: who am I? Terraform and many scripts start with it."""

from msgspec import Struct

from privyseal.frontends.aws.addressing import QUERY_SERVICE
from privyseal.frontends.aws.errors import QUERY
from privyseal.frontends.aws.model import Call, Operation, Service


class GetCallerIdentityRequest(Struct):
    pass


class GetCallerIdentityResponse(Struct, rename="pascal"):
    user_id: str
    account: str
    arn: str


async def get_caller_identity(call: Call, _: GetCallerIdentityRequest) -> GetCallerIdentityResponse:
    principal = call.principal
    return GetCallerIdentityResponse(principal.access_key_id, principal.account, principal.arn)


def service() -> Service:
    # Everybody may ask it, whatever their permissions are: AWS lets no policy deny it either.
    operation = Operation("GetCallerIdentity", GetCallerIdentityRequest, get_caller_identity, everyone=True)
    # awsQuery has no targets: addressing.py uses the name of the service instead.
    return Service("sts", "sts", QUERY_SERVICE, {operation.name: operation}, QUERY)
