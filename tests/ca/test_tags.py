"""Tags of authorities: fifty, unreserved, by key."""

from collections.abc import Sequence

import pytest

from privyseal.ca.model import Tag
from privyseal.errors import ErrorCode
from tests.ca.world import CALLER, Refused, World
from tests.stores import journals


def tags(count: int, start: int = 0) -> list[Tag]:
    return [Tag(f"key-{n:03}", str(n)) for n in range(start, start + count)]


def of(world: World, arn: str) -> Sequence[Tag]:
    return world.ca.tags.list(CALLER, arn)


def test_tags_come_in_order_and_replace_their_key(world: World) -> None:
    arn = world.create(tags=[Tag("b", "1"), Tag("a", None)])
    world.ca.tags.add(CALLER, arn, [Tag("b", "2"), Tag("c", "")])
    assert of(world, arn) == [Tag("a", None), Tag("b", "2"), Tag("c", "")]


def test_an_authority_has_at_most_fifty(world: World, refused: Refused) -> None:
    arn = world.create(tags=tags(49))
    refused(ErrorCode.TOO_MANY_TAGS, world.ca.tags.add, CALLER, arn, tags(2, 49))
    assert len(of(world, arn)) == 49  # not even the one that would have fitted
    world.ca.tags.add(CALLER, arn, tags(1, 49))
    world.ca.tags.add(CALLER, arn, tags(50))  # the same keys again are no more tags
    refused(ErrorCode.TOO_MANY_TAGS, world.ca.tags.add, CALLER, arn, tags(1, 50))
    world.ca.tags.remove(CALLER, arn, [Tag("key-000", None)])
    world.ca.tags.add(CALLER, arn, tags(1, 50))
    assert len(of(world, arn)) == 50


@pytest.mark.parametrize("key", ["aws:", "aws:x", "AWS:x", "Aws:cloudformation:stack-id", "rds:x"])
def test_reserved_keys_are_refused(world: World, refused: Refused, key: str) -> None:
    arn = world.create()
    refused(ErrorCode.INVALID_TAG, world.ca.tags.add, CALLER, arn, [Tag("fine", None), Tag(key, None)])
    assert of(world, arn) == []


@pytest.mark.parametrize("key", ["aws", "my:aws:x", "awsome"])
def test_keys_that_only_resemble_reserved_ones_are_fine(world: World, key: str) -> None:
    assert of(world, world.create(tags=[Tag(key, None)])) == [Tag(key, None)]


def test_a_key_twice_in_a_request_is_refused(world: World, refused: Refused) -> None:
    arn = world.create()
    refused(ErrorCode.INVALID_TAG, world.ca.tags.add, CALLER, arn, [Tag("k", "1"), Tag("k", "1")])
    assert of(world, arn) == []


def test_a_tag_with_a_value_goes_only_if_that_is_its_value(world: World) -> None:
    arn = world.create(tags=[Tag("a", "1"), Tag("b", "2"), Tag("c", "3")])
    world.ca.tags.remove(
        CALLER, arn, [Tag("a", "other"), Tag("b", "2"), Tag("c", None), Tag("missing", None)]
    )
    assert of(world, arn) == [Tag("a", "1")]


def test_changes_are_recorded_by_key_without_values(world: World) -> None:
    """A value may be anything, a secret too; a removal of nothing is no change."""
    arn = world.create()
    world.ca.tags.add(CALLER, arn, [Tag("a", "hunter2"), Tag("b", None)])
    world.ca.tags.remove(CALLER, arn, [Tag("b", None)])
    world.ca.tags.remove(CALLER, arn, [Tag("b", None)])
    recorded = [(each["action"], each["detail"]) for each in journals.entries(world.store)[1:]]
    assert recorded == [
        ("acm-pca:TagCertificateAuthority", {"keys": ["a", "b"]}),
        ("acm-pca:UntagCertificateAuthority", {"keys": ["b"]}),
    ]
    assert "hunter2" not in "".join(row.entries for row in journals.rows(world.store))


def test_tags_belong_to_one_authority(world: World) -> None:
    one, other = world.create(tags=tags(2)), world.create(tags=tags(1))
    world.ca.tags.remove(CALLER, one, [Tag("key-000", None)])
    assert (len(of(world, one)), len(of(world, other))) == (1, 1)
