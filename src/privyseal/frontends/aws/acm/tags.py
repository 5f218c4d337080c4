"""The operations on tags: of certificates, and of what only an ACME endpoint has."""

from collections.abc import Mapping
from typing import NoReturn

from privyseal.ca.model import Tag
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller
from privyseal.frontends.aws.model import Call, Handler

_ACME = "acme-endpoint/"


def tags_of(tags: list[shapes.Tag] | None) -> list[Tag]:
    return [Tag(tag.key, tag.value) for tag in tags or []]


class Tags(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {
            "AddTagsToCertificate": self.add_tags_to_certificate,
            "RemoveTagsFromCertificate": self.remove_tags_from_certificate,
            "ListTagsForCertificate": self.list_tags_for_certificate,
            "TagResource": _of_no_resource,
            "UntagResource": _of_no_resource,
            "ListTagsForResource": _of_no_resource,
        }

    async def add_tags_to_certificate(self, call: Call, request: shapes.AddTagsToCertificateRequest) -> None:
        arn, tags = request.certificate_arn, tags_of(request.tags)
        await self._pool.run(self._managed.tagging.add, caller(call), arn, tags)

    async def remove_tags_from_certificate(
        self, call: Call, request: shapes.RemoveTagsFromCertificateRequest
    ) -> None:
        arn, tags = request.certificate_arn, tags_of(request.tags)
        await self._pool.run(self._managed.tagging.remove, caller(call), arn, tags)

    async def list_tags_for_certificate(
        self, call: Call, request: shapes.ListTagsForCertificateRequest
    ) -> shapes.ListTagsForCertificateResponse:
        tags = await self._pool.run(self._managed.tagging.list, caller(call), request.certificate_arn)
        return shapes.ListTagsForCertificateResponse(
            tags=[shapes.Tag(key=tag.key, value=tag.value) for tag in tags]
        )


async def _of_no_resource(
    _: Call,
    request: shapes.TagResourceRequest | shapes.UntagResourceRequest | shapes.ListTagsForResourceRequest,
) -> NoReturn:
    """Acm API reference, TagResource: for the resources of ACME alone, of which there are none yet."""
    arn = request.resource_arn
    if f":{_ACME}" in arn:
        raise PrivySealError(ErrorCode.NOT_FOUND, f"There is no {arn}: ACME endpoints are not served yet.")
    text = "This operation is for ACME resources. Tags of certificates: AddTagsToCertificate,"
    text += " RemoveTagsFromCertificate, ListTagsForCertificate."
    raise PrivySealError(ErrorCode.VALIDATION, text)
