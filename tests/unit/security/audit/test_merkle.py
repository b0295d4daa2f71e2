"""The tree against the vectors of RFC 6962's authors and a slow implementation of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    Nodes,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    is_consistent,
    root_from_inclusion,
    root_of,
)
from tests.unit.security.audit import slow_tree as slow

LEAVES = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
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
sizes = st.integers(1, 70)


def grown(leaves: list[bytes]) -> tuple[Frontier, Nodes]:
    tree, nodes = Frontier(), dict[tuple[int, int], bytes]()
    for index, leaf in enumerate(leaves):
        tree, completed = tree.append(hash_leaf(leaf))
        nodes.update({(level, index >> level): node for level, node in enumerate(completed)})
    return tree, lambda level, index: nodes[level, index]


def numbered(size: int) -> list[bytes]:
    return [b"%d" % number for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    tree, nodes = grown(LEAVES)
    assert grown(LEAVES[:size])[0].root().hex() == ROOTS[size - 1]
    assert root_of(nodes, 0, size).hex() == ROOTS[size - 1]
    assert tree.size == 8


def test_the_published_audit_path() -> None:
    _, nodes = grown(LEAVES)
    assert [node.hex() for node in inclusion_proof(nodes, 0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_an_empty_tree() -> None:
    assert Frontier().root() == EMPTY_ROOT == slow.mth([])
    assert is_consistent(0, 3, EMPTY_ROOT, b"any", [])
    assert not is_consistent(0, 3, b"other", b"any", [])


@given(size=sizes, data=st.data())
def test_every_proof_is_that_of_the_slow_tree_and_verifies(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    tree, nodes = grown(leaves)
    root = slow.mth(leaves)
    assert tree.root() == root
    path = inclusion_proof(nodes, index, size)
    assert path == slow.path(index, leaves)
    assert root_from_inclusion(index, size, hash_leaf(leaves[index]), path) == root
    proof = consistency_proof(nodes, first, size)
    assert proof == slow.proof(first, leaves)
    assert is_consistent(first, size, slow.mth(leaves[:first]), root, proof)


@given(size=st.integers(2, 70), data=st.data())
def test_no_proof_fits_anything_else(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    tree, nodes = grown(leaves)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    path, root = inclusion_proof(nodes, index, size), tree.root()
    leaf = hash_leaf(leaves[index])
    assert root_from_inclusion(other, size, leaf, path) != root
    assert root_from_inclusion(index, size, hash_leaf(leaves[other]), path) != root
    assert root_from_inclusion(index, size, leaf, path[:-1]) != root
    assert root_from_inclusion(index, size, leaf, [*path, root]) != root
    assert root_from_inclusion(size, size, leaf, path) is None
    assert root_from_inclusion(index, 2 * size, leaf, path) is None
    first = data.draw(st.integers(1, size - 1))
    changed = [b"x", *leaves[1:first]]
    proof = consistency_proof(nodes, first, size)
    assert not is_consistent(first, size, slow.mth(changed), root, proof)
    assert not is_consistent(first, size, slow.mth(leaves[:first]), b"\0" * 32, proof)
    assert not is_consistent(first, size, slow.mth(leaves[:first]), root, [*proof, root])
    assert not is_consistent(first, size, slow.mth(leaves[:first]), root, proof[:-1])
    assert not is_consistent(size, first, root, slow.mth(leaves[:first]), proof)


@given(size=st.integers(0, 300))
def test_a_frontier_comes_back_from_its_bytes(size: int) -> None:
    tree, _ = grown(numbered(size))
    assert Frontier.from_bytes(size, tree.to_bytes()) == tree
