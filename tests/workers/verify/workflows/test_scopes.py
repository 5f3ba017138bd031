"""Which rights a fixed workflow must still have."""

import pytest

from workers.source.tree import MemoryTree
from workers.verify.workflows.model import workflow
from workers.verify.workflows.preserved import broken
from workers.verify.workflows.scopes import grants, needs, satisfied

HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
CHECKOUT = "      - uses: actions/checkout@v4\n"


def _needs(steps: str) -> set[str]:
    found = workflow((HEAD + steps).encode())
    assert found is not None
    return {" or ".join(need) for need, _ in needs(found.jobs[0])}


@pytest.mark.parametrize(
    ("steps", "needed"),
    [
        (CHECKOUT + "      - run: git push\n", {"contents:read", "contents:write"}),
        (CHECKOUT + "        with: {token: '${{ secrets.PAT }}'}\n      - run: git push\n", set()),
        (CHECKOUT + "        with: {token: '${{ secrets.PAT }}'}\n      - run: git push && gh release create v1\n",
         {"contents:write"}),
        ("      - run: gh pr merge 1\n", {"contents:write", "pull-requests:write"}),
        ("      - run: gh pr merge 1\n        env: {GH_TOKEN: '${{ secrets.PAT }}'}\n", set()),
        ("      - uses: actions/stale@v9\n", {"issues:write or pull-requests:write"}),
    ],
)  # fmt: skip
def test_a_job_needs_what_it_does_with_its_own_token(steps, needed):
    """A step that brings another token asks nothing of the job's."""
    assert _needs(steps) == needed


def test_a_block_of_the_job_counts_instead_of_that_of_the_workflow():
    """What neither of them says is decided elsewhere."""
    assert grants(None, None) is None
    assert grants({}, {"contents": ("str", "write")}) == {}
    assert satisfied(("contents:read",), {"contents": "write"})
    assert not satisfied(("contents:write",), {"contents": "read"})
    assert satisfied(("contents:write",), None)


@pytest.mark.parametrize("prefix", ["./", "$/"])
def test_a_called_workflow_of_the_repository_is_read_whichever_way_it_is_named(prefix):
    """What it asks for decides whether the caller still grants enough."""
    caller = f"on: push\njobs:\n  a:\n    uses: {prefix}.github/workflows/callee.yml\n"
    block = "    permissions:\n      contents: {}\n"
    callee = HEAD.replace("push", "workflow_call") + CHECKOUT + "      - run: git push\n"
    tree = MemoryTree({".github/workflows/callee.yml": callee.encode()})
    enough = caller.replace("    uses", block.format("write") + "    uses")
    too_little = caller.replace("    uses", block.format("read") + "    uses")
    assert broken(caller.encode(), enough.encode(), tree) == []
    assert [*broken(caller.encode(), too_little.encode(), tree)] != []
