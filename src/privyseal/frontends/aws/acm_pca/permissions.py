"""The operations on permissions of AWS services."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from privyseal.ca import limits
from privyseal.ca.model import Permission
from privyseal.ca.permissions import policy_of
from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends import page_token
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.model import Call, Handler
from privyseal.names import AuthorityArn


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    principal: str
    source_account: str


class Permissions:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "CreatePermission": self.create_permission,
            "DeletePermission": self.delete_permission,
            "ListPermissions": self.list_permissions,
        }

    async def create_permission(self, call: Call, request: shapes.CreatePermissionRequest) -> None:
        await self._pool.run(
            self._ca.permissions.create,
            caller(call),
            request.certificate_authority_arn,
            request.principal,
            request.actions,
            request.source_account,
        )

    async def delete_permission(self, call: Call, request: shapes.DeletePermissionRequest) -> None:
        await self._pool.run(
            self._ca.permissions.delete,
            caller(call),
            request.certificate_authority_arn,
            request.principal,
            request.source_account,
        )

    async def list_permissions(
        self, call: Call, request: shapes.ListPermissionsRequest
    ) -> shapes.ListPermissionsResponse:
        after = page_token.decode(request.next_token, _End) if request.next_token else None
        limit = min(request.max_results or limits.MAX_PAGE, limits.MAX_PAGE)
        arn = request.certificate_authority_arn
        rows, end = await self._pool.run(self._ca.permissions.page, caller(call), arn, after, limit)
        return shapes.ListPermissionsResponse(
            permissions=[_shape(row, AuthorityArn.parse(arn)) for row in rows],
            next_token=page_token.encode(*end) if end else None,
        )


def _shape(permission: Permission, arn: AuthorityArn) -> shapes.Permission:
    return shapes.Permission(
        certificate_authority_arn=str(arn),
        created_at=permission.created_at,
        principal=permission.principal,
        source_account=permission.source_account,
        actions=cast("list[shapes.ActionType]", list(permission.actions)),
        policy=policy_of(permission, arn),
    )
