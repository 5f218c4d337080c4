"""What the operations share."""

from privyseal.ca.model import Tag
from privyseal.frontends.aws import shapes_acm_pca as shapes


def tags_of(tags: list[shapes.Tag] | None) -> list[Tag]:
    return [Tag(tag.key, tag.value) for tag in tags or []]
