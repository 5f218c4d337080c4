"""The operations on tags."""

from collections.abc import Mapping

from privyseal.ca import limits
from privyseal.ca.service import CertificateAuthorities
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.acm_pca.values import tags_of
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.model import Call, Handler


class Tags:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "TagCertificateAuthority": self.tag_certificate_authority,
            "UntagCertificateAuthority": self.untag_certificate_authority,
            "ListTags": self.list_tags,
        }

    async def tag_certificate_authority(
        self, call: Call, request: shapes.TagCertificateAuthorityRequest
    ) -> None:
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.tags.add, caller(call), arn, tags_of(request.tags))

    async def untag_certificate_authority(
        self, call: Call, request: shapes.UntagCertificateAuthorityRequest
    ) -> None:
        arn = request.certificate_authority_arn
        await self._pool.run(self._ca.tags.remove, caller(call), arn, tags_of(request.tags))

    async def list_tags(self, call: Call, request: shapes.ListTagsRequest) -> shapes.ListTagsResponse:
        after = _position(request.next_token) if request.next_token else ""
        arn = request.certificate_authority_arn
        tags = [t for t in await self._pool.run(self._ca.tags.list, caller(call), arn) if t.key > after]
        limit = request.max_results or limits.MAX_TAGS
        return shapes.ListTagsResponse(
            tags=[shapes.Tag(key=tag.key, value=tag.value) for tag in tags[:limit]],
            next_token=page_token.encode(tags[limit - 1].key) if len(tags) > limit else None,
        )


def _position(token: str) -> str:
    """The model lists no InvalidNextTokenException for ListTags: a wrong token is a ValidationException."""
    try:
        return page_token.decode(token, page_token.ByName).name
    except PrivySealError as error:
        raise PrivySealError(ErrorCode.VALIDATION, error.message) from None
