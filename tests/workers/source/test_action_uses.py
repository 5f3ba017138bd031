from workers.source.action_uses import uses_of_tree
from workers.source.tree import MemoryTree

WORKFLOW = b"""
jobs:
  call:
    uses: Acme/flows/.github/workflows/build.yml@main
  build:
    steps:
      - uses: actions/checkout@v4 # comment
      - name: x
        "uses": 'actions/checkout@v3.1'
      - uses: ./local
      - uses: docker://alpine@v3
      - uses: acme/pinned@0123456789012345678901234567890123456789
"""


def test_what_workflows_and_actions_name_is_found_with_its_refs():
    files = {
        ".github/workflows/ci.yml": WORKFLOW,
        "tool/action.yaml": b"runs:\n  steps:\n    - uses: acme/inner@v1\n",
        "docs/example.yml": b"- uses: acme/documented@v1\n",
    }
    assert uses_of_tree(MemoryTree(files)) == {
        "acme/flows": {"main"},
        "actions/checkout": {"v4", "v3.1"},
        "acme/pinned": set(),
        "acme/inner": {"v1"},
    }
