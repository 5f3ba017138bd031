"""A release that another action makes is the same one, or is refused."""

import pytest

from workers.verify.workflows import releases
from workers.verify.workflows.model import step_pairs, workflow

HEAD = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - id: made\n        uses: "
OLD = HEAD + "actions/create-release@v1\n        with: {tag_name: v1, release_name: 'R ${{ github.ref }}'}\n"
RIGHT = HEAD + "softprops/action-gh-release@v2\n        with: {tag_name: v1, name: 'R ${{ github.ref_name }}'}\n"
READ = "      - run: echo ${{ steps.made.outputs.html_url }}\n"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (OLD, RIGHT, None),
        (OLD, OLD.replace("v1\n", "v1.1.4\n"), None),
        (OLD, RIGHT.replace("ref_name", "ref"), "begins with refs/tags/"),
        (OLD, RIGHT.replace("name: 'R", "release_name: 'R"), "without release_name"),
        (OLD, RIGHT.replace("tag_name: v1, ", ""), "without tag_name"),
        (OLD + READ, RIGHT + READ, "steps.made.outputs.html_url"),
        (OLD + READ.replace("html_", "upload_"), RIGHT + READ.replace("html_", "upload_"), None),
    ],
)
def test_a_release_keeps_what_it_was_given_and_what_is_read_of_it(before, after, problem):
    old, new = workflow(before.encode()), workflow(after.encode())
    [found] = [releases.otherwise(new, one, other) for _, index, one, other in step_pairs(old, new) if index == 0]
    assert found == problem or problem in found
