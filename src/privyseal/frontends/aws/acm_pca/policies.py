"""The operations on resource policies."""

from collections.abc import Mapping

from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.model import Call, Handler


class Policies:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "PutPolicy": self.put_policy,
            "GetPolicy": self.get_policy,
            "DeletePolicy": self.delete_policy,
        }

    async def put_policy(self, call: Call, request: shapes.PutPolicyRequest) -> None:
        await self._pool.run(self._ca.policies.put, caller(call), request.resource_arn, request.policy)

    async def get_policy(self, call: Call, request: shapes.GetPolicyRequest) -> shapes.GetPolicyResponse:
        document = await self._pool.run(self._ca.policies.get, caller(call), request.resource_arn)
        return shapes.GetPolicyResponse(policy=document)

    async def delete_policy(self, call: Call, request: shapes.DeletePolicyRequest) -> None:
        await self._pool.run(self._ca.policies.delete, caller(call), request.resource_arn)
