"""The identity that a caller lends a reusable workflow."""

import pytest

from workers.source.tree import MemoryTree
from workers.verify.workflows.lent import lost
from workers.verify.workflows.model import workflow

PATH = ".github/workflows/build.yml"
BEFORE = "on: workflow_call\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: USES\n"
CALLER = "on: push\npermissions: {id-token: LEVEL}\njobs:\n  a:\n    uses: ./" + PATH + "\n"


@pytest.mark.parametrize(
    ("uses", "level", "block", "named"),
    [
        ("acme/vault-wrapper@v3", "write", "{contents: read}", True),
        ("acme/vault-wrapper@v3", "write", "{contents: read, id-token: write}", False),
        ("acme/vault-wrapper@v3", "none", "{contents: read}", False),
        ("docker/login-action@v3", "write", "{contents: read}", False),
        ("acme/lint@v3", "write", "{contents: read}", False),
    ],
)
def test_what_may_show_it_is_named_where_it_is_gone(uses, level, block, named):
    """By the name of the action."""
    before = BEFORE.replace("USES", uses)
    old, new = workflow(before.encode()), workflow(f"permissions: {block}\n{before}".encode())
    assert old is not None
    assert new is not None
    tree = MemoryTree({PATH: before.encode(), ".github/workflows/ci.yml": CALLER.replace("LEVEL", level).encode()})
    assert bool(list(lost(PATH, old, new, tree))) is named
