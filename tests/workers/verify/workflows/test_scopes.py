"""Which rights a fixed workflow must still have."""

import pytest

from workers.source.tree import MemoryTree
from workers.verify.workflows.model import workflow
from workers.verify.workflows.preserved import broken
from workers.verify.workflows.scopes import grants, needs, satisfied

HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
CHECKOUT = "      - uses: actions/checkout@v4\n"


def _needs(steps: str, tree: MemoryTree | None = None) -> set[str]:
    found = workflow((HEAD + steps).encode())
    assert found is not None
    return {" or ".join(need) for need, _ in needs(found.jobs[0], tree or MemoryTree({}))}


@pytest.mark.parametrize(
    ("steps", "needed"),
    [
        (CHECKOUT + "      - run: git push\n", {"contents:read", "contents:write"}),
        (CHECKOUT + "        with: {token: '${{ secrets.PAT }}'}\n      - run: git push\n", set()),
        (CHECKOUT + "        with: {token: '${{ secrets.PAT }}'}\n      - run: git push && gh release create v1\n",
         {"contents:write"}),
        (CHECKOUT + "      - run: git push\n        env: {GH_TOKEN: '${{ secrets.PAT }}'}\n",
         {"contents:read", "contents:write"}),
        (CHECKOUT + "        with: {persist-credentials: false}\n      - run: git push https://x:$GH_TOKEN@github.com/o/r\n"
         "        env: {GH_TOKEN: '${{ secrets.PAT }}'}\n", {"contents:read"}),
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


@pytest.mark.parametrize(
    ("told", "needed"),
    [
        ("release --clean", {"contents:write"}),
        ("build --clean", set()),
        ("check", set()),
        ("release --snapshot", set()),
    ],
)
def test_goreleaser_writes_where_it_releases(told, needed):
    """A build of it, a check and a snapshot stay where they are made."""
    action = f"      - uses: goreleaser/goreleaser-action@v7\n        with: {{args: {told}}}\n"
    assert _needs(CHECKOUT + action) - {"contents:read"} == needed


@pytest.mark.parametrize(("secret", "needed"), [("PAT", set()), ("GITHUB_TOKEN", {"contents:write"})])
def test_a_clone_is_pushed_to_with_the_secret_in_its_address(secret, needed):
    """What checkout keeps is for its own repository."""
    clone = f"git clone https://${{{{ secrets.{secret} }}}}@github.com/a/site && cd site && git push"
    assert _needs(f"{CHECKOUT}      - run: {clone}\n") - {"contents:read"} == needed


def test_a_called_workflow_is_held_to_what_it_says_at_its_top():
    """GitHub does not start it with less, also where each of its jobs has a block of its own."""
    caller = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/callee.yml\n"
    callee = "on: workflow_call\npermissions: {issues: write}\njobs: {b: {permissions: {contents: read}}}\n"
    tree = MemoryTree({".github/workflows/callee.yml": callee.encode()})
    block = "    permissions:\n      contents: read\n"
    assert [*broken(caller.encode(), (caller + block).encode(), tree)] != []
    assert broken(caller.encode(), f"{caller}{block}      issues: write\n".encode(), tree) == []


def test_what_a_local_action_does_is_needed_by_the_job_that_uses_it():
    """Also where it uses another one."""
    outer = b"runs:\n  using: composite\n  steps:\n    - uses: $/inner\n"
    inner = b"runs:\n  using: composite\n  steps:\n    - run: gh release create v1\n      shell: bash\n"
    tree = MemoryTree({"outer/action.yml": outer, "inner/action.yaml": inner})
    assert _needs("      - uses: ./outer\n", tree) == {"contents:write"}
    assert _needs("      - uses: ./missing\n", tree) == set()


@pytest.mark.parametrize(
    ("script", "unseen"),
    [
        ("await require('${{ github.action_path }}/label.js')(github)", True),
        ("const x = require('./label.js'); x(github)", True),
        ("await github.graphql(mutation)", True),
        ("const fs = require('fs'); core.info(fs.readFileSync('a'))", False),
        ("const x = await import('@actions/io')", False),
    ],
)
def test_a_script_that_hands_the_token_on_keeps_the_rights_that_it_had(script, unseen):
    """The file that it reads may do anything with the client."""
    steps = f'      - uses: actions/github-script@v7\n        with:\n          script: "{script}"\n'
    before = HEAD + steps
    less = before.replace("jobs:", "permissions:\n  contents: read\njobs:")
    found = broken(before.encode(), less.encode(), MemoryTree({}))
    assert bool(found) == unseen
    assert not unseen or "not known here" in found[0]


@pytest.mark.parametrize(("secret", "told"), [("GITHUB_TOKEN", True), ("PAT", False)])
def test_a_program_of_the_repository_that_gets_the_token_keeps_what_it_may(secret, told):
    """No step of it can be read, so that nobody can say that less is enough."""
    used = f"      - uses: ./publish\n        with: {{key: '${{{{ secrets.{secret} }}}}'}}\n"
    tree = MemoryTree({"publish/action.yml": b"runs: {using: docker, image: Dockerfile}\n"})
    before = HEAD + used
    after = before.replace("jobs:", "permissions: {contents: read}\njobs:")
    assert bool([*broken(before.encode(), after.encode(), tree)]) is told
