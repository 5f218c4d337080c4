"""The tree that grows: the roots of RFC 6962, whatever way it has grown."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.events.journal import tree_hash
from privyseal.events.tree import Tree, leaf_hash
from tests.events.rfc6962 import LEAF_INPUTS, ROOTS

LEAVES = [leaf_hash(bytes.fromhex(text)) for text in LEAF_INPUTS]

leaves = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert Tree().root() == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_known_leaves_have_their_known_roots(size: int) -> None:
    tree = Tree()
    tree.extend(LEAVES[:size])
    assert (tree.size, tree.root().hex()) == (size, ROOTS[size - 1])


@given(leaves)
def test_its_root_is_that_of_the_whole_tree(content: list[bytes]) -> None:
    tree = Tree()
    tree.extend(content)
    assert (tree.size, tree.root()) == (len(content), tree_hash(content))


@given(leaves, st.integers(min_value=0, max_value=70))
def test_it_grows_on_from_its_frontier(content: list[bytes], cut: int) -> None:
    """As after a restart: size and frontier are all that is kept."""
    early = Tree()
    early.extend(content[:cut])
    assert len(early.frontier) == 32 * early.size.bit_count()
    late = Tree(early.size, early.frontier)
    late.extend(content[cut:])
    assert late.root() == tree_hash(content)


@pytest.mark.parametrize(
    ("size", "frontier"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (2, bytes(31)), (-1, b"")]
)
def test_a_frontier_of_another_size_is_refused(size: int, frontier: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Tree(size, frontier)
