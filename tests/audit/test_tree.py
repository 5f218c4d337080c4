"""The tree that grows: the roots of RFC 6962, whatever way it has grown."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.events.journal import tree_hash
from privyseal.events.tree import Tree, leaf_hash

# The test vectors of the reference implementation of Certificate Transparency
# (google/certificate-transparency, merkletree/merkle_tree_test.cc): inputs and roots of their prefixes.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]

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
